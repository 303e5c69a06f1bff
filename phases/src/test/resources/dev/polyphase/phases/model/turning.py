# What turns queries and keys, alone.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def turned(self: __torch__.K, q: Tensor, k: Tensor, positions: List[Tensor]) -> List[Tensor]:
    q1, k1, = (self).turn(q, k, positions)
    return [q1, k1]
