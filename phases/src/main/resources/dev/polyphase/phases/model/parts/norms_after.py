  # ---- The block: attention and MLP, whose results are normed before they are added to the residual stream.

  # x may come from another device; its gradient goes back there.
  def block(self: __torch__.K, x: Tensor, positions: List[Tensor], documents: Tensor, w: List[Tensor], said: List[Tensor]) -> Tensor:
    x0 = torch.to(x, torch.device("{{device}}"))
    mixed = (self).norm((self).attention(x0, positions, documents, w), w[{{post_attention_layernorm.weight}}])
    x1 = torch.add(x0, mixed, alpha={{residual_multiplier}})
    fed = (self).norm((self).mlp(x1, w, said), w[{{post_feedforward_layernorm.weight}}])
    return torch.add(x1, fed, alpha={{residual_multiplier}})
