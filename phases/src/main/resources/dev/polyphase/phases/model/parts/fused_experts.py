  # ---- An expert's parts of fused tensors: SwiGLU (Shazeer 2020, eq. 6) whose gate and up are one matrix, gate above up.

  # x, the result [tokens, hidden]; from at on the table has the five indices of gate and up [2 inner, hidden] and of down [hidden, inner].
  def expert(self: __torch__.K, x: Tensor, w: List[Tensor], table: List[int], at: int) -> Tensor:
    gate, up, = torch.chunk((self).linear(x, w, table[at], table[torch.add(at, 1)]), 2, -1)
    return (self).linear(torch.mul(torch.silu(gate), up), w, table[torch.add(at, 5)], table[torch.add(at, 6)])
