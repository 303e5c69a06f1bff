# Clipping by the global norm.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # gradients: float32 of any shapes. Their common 2-norm before clipping: float32 []. Where max_norm is above 0 they are scaled in place by
  # min(1, max_norm / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_ does.
  def clip(self: __torch__.K, gradients: List[Tensor]) -> Tensor:
    norms = annotate(List[Tensor], [])
    for i in range(torch.len(gradients)):
      _0 = torch.append(norms, torch.linalg_vector_norm(gradients[i]))
    norm = torch.linalg_vector_norm(torch.stack(norms))
    if torch.gt({{max_grad_norm}}, 0.):
      scale = torch.clamp(torch.mul(torch.reciprocal(torch.add(norm, 1e-6)), {{max_grad_norm}}), None, 1.)
      torch._foreach_mul_(gradients, scale)
    return norm
