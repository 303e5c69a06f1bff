  # ---- The block: norms before attention and before the MLP, and behind both before their results are added to the residual stream.

  # x may come from another device; its gradient goes back there.
  def block(self: __torch__.K, x: Tensor, positions: List[Tensor], documents: Tensor, w: List[Tensor], said: List[Tensor]) -> Tensor:
    x0 = torch.to(x, torch.device("{{device}}"))
    mixed = (self).attention((self).norm(x0, w[{{input_layernorm.weight}}]), positions, documents, w)
    x1 = torch.add(x0, (self).norm(mixed, w[{{post_attention_layernorm.weight}}]), alpha={{residual_multiplier}})
    fed = (self).mlp((self).norm(x1, w[{{pre_feedforward_layernorm.weight}}]), w, said)
    return torch.add(x1, (self).norm(fed, w[{{post_feedforward_layernorm.weight}}]), alpha={{residual_multiplier}})
