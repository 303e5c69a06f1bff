  # ---- The block: norms before attention and before the MLP, whose results are added to the residual stream.

  # x may come from another device; its gradient goes back there.
  def forward(self: __torch__.K, x: Tensor, cos: Tensor, sin: Tensor, documents: Tensor, w: List[Tensor]) -> Tensor:
    x0 = torch.to(x, torch.device("{{device}}"))
    x1 = torch.add(x0, (self).attention((self).norm(x0, w[{{input_layernorm.weight}}]), cos, sin, documents, w))
    return torch.add(x1, (self).mlp((self).norm(x1, w[{{post_attention_layernorm.weight}}]), w))
