  # ---- An expert's parts of fused tensors as in gpt-oss: transposed, with biases, gate and up in turns in one matrix; with g and u both clamped,
  # (u + 1) g sigmoid(alpha g).

  # x, the result [tokens, hidden]; from at on the table has the five indices of gate and up [hidden, 2 inner] and of down [inner, hidden].
  def expert(self: __torch__.K, x: Tensor, w: List[Tensor], table: List[int], at: int) -> Tensor:
    both = (self).product(x, w, table[at], table[torch.add(at, 1)])
    pairs = torch.reshape(both, [torch.size(both, 0), -1, 2])
    gate = torch.clamp(torch.select(pairs, 2, 0), None, {{swiglu_limit}})
    up = torch.clamp(torch.select(pairs, 2, 1), torch.neg({{swiglu_limit}}), {{swiglu_limit}})
    glu = torch.mul(gate, torch.sigmoid(torch.mul(gate, {{swiglu_alpha}})))
    return (self).product(torch.mul(torch.add(up, 1), glu), w, table[torch.add(at, 5)], table[torch.add(at, 6)])

  # x weight + bias
  def product(self: __torch__.K, x: Tensor, w: List[Tensor], weight: int, bias: int) -> Tensor:
    return torch.addmm(torch.type_as(w[bias], x), x, torch.type_as(w[weight], x))
