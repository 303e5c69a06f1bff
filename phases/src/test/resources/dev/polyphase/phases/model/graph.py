# The whole model under one graph, without chunks and without recomputation: what the gradients are compared with.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def leaf(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.requires_grad_(torch.clone(torch.detach(x)), True)

  def embed(self: __torch__.K, table: Tensor, ids: Tensor) -> Tensor:
    return torch.embedding(table, ids)

  # x [batch, seq, hidden]; targets [batch * seq], -100 for none: the mean loss over the others.
  def loss(self: __torch__.K, x: Tensor, norm: Tensor, head: Tensor, targets: Tensor) -> Tensor:
    h = torch.rms_norm(x, [torch.size(x, -1)], norm, {{rms_norm_eps}})
    z = torch.reshape(torch.matmul(h, torch.t(head)), [-1, torch.size(head, 0)])
    return torch.cross_entropy_loss(z, targets, None, 1, -100, 0.)

  def gradients(self: __torch__.K, loss: Tensor, leaves: List[Tensor]) -> List[Tensor]:
    found = torch.grad([loss], leaves, None, None, False, False)
    tensors = annotate(List[Tensor], [])
    for i in range(torch.len(found)):
      _0 = torch.append(tensors, unchecked_cast(Tensor, found[i]))
    return tensors
