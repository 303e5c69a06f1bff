# What turns queries and keys, alone.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def turned(self: __torch__.K, q: Tensor, k: Tensor, positions: List[Tensor]) -> List[Tensor]:
    q1, k1, = (self).turn(q, k, positions)
    return [q1, k1]

  # The gradients of q and k.
  def turned_vjp(self: __torch__.K, gq: Tensor, gk: Tensor, positions: List[Tensor]) -> List[Tensor]:
    gq1, gk1, = (self).turn_vjp(gq, gk, True, True, positions)
    return [gq1, gk1]
