  # ---- MLP: SwiGLU (Shazeer 2020, eq. 6).

  # x, the result [batch, seq, hidden]
  def mlp(self: __torch__.K, x: Tensor, w: List[Tensor]) -> Tensor:
    gate = torch.silu((self).project(x, w, {{gate_proj}}))
    up = (self).project(x, w, {{up_proj}})
    return (self).project(torch.mul(gate, up), w, {{down_proj}})
