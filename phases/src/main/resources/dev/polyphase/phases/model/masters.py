# Task: adding up gradients, or parting masters
# Masters in halves, and the float32 values that they are.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # upper: bfloat16; lower: int16 of its shape -> float32
  def values(self: __torch__.K, upper: Tensor, lower: Tensor) -> Tensor:
    return (self).joined(upper, lower)

  # values: float32 -> upper and lower
  def halves(self: __torch__.K, values: Tensor) -> List[Tensor]:
    upper = torch.empty_like(values, dtype=15)
    lower = torch.empty_like(values, dtype=2)
    _0 = (self).halve(values, upper, lower)
    return [upper, lower]

  # The same into halves that are there.
  def set(self: __torch__.K, upper: Tensor, lower: Tensor, values: Tensor) -> Tensor:
    return (self).halve(values, upper, lower)

  # sum, more: gradients of one shape, sum of 16 bits -> their sum in float32
  def sum(self: __torch__.K, sum: Tensor, more: Tensor) -> Tensor:
    return torch.add_(torch.to(sum, 6), more)

  # The same where sum is float32, into it.
  def add(self: __torch__.K, sum: Tensor, more: Tensor) -> Tensor:
    return torch.add_(sum, more)

  # x: of 16 bits -> float32
  def wide(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.to(x, 6)
