  # ---- An expert of three matrices of its own: SwiGLU (Shazeer 2020, eq. 6).

  # x, the result [tokens, hidden]; from at on the table has the five indices of gate, of up and of down.
  def expert(self: __torch__.K, x: Tensor, w: List[Tensor], table: List[int], at: int) -> Tensor:
    gate = torch.silu((self).project_by(x, w, table, at))
    up = (self).project_by(x, w, table, torch.add(at, 5))
    return (self).project_by(torch.mul(gate, up), w, table, torch.add(at, 10))

  def project_by(self: __torch__.K, x: Tensor, w: List[Tensor], table: List[int], at: int) -> Tensor:
    return (self).project(x, w, table[at], table[torch.add(at, 1)], table[torch.add(at, 2)], table[torch.add(at, 3)], table[torch.add(at, 4)])
