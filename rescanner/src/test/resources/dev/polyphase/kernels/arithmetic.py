# Small methods to try calls with.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # The sum of both lists' tensors, the second list {{factor}} times, plus x.
  def weighted_sum(self: __torch__.K, x: Tensor, ones: List[Tensor], others: List[Tensor]) -> Tensor:
    y = x
    for i in range(torch.len(ones)):
      y = torch.add(y, ones[i])
    for j in range(torch.len(others)):
      y = torch.add(y, torch.mul(others[j], {{factor}}))
    return y

  # Quotient and remainder.
  def divide(self: __torch__.K, x: Tensor, y: Tensor) -> List[Tensor]:
    return [torch.floor_divide(x, y), torch.remainder(x, y)]

  # The derivative of the sum of x cubed.
  def slope(self: __torch__.K, x: Tensor) -> Tensor:
    x1 = torch.requires_grad_(torch.detach(x), True)
    y = torch.sum(torch.mul(torch.mul(x1, x1), x1))
    found = torch.grad([y], [x1], None, None, False, False)
    return unchecked_cast(Tensor, found[0])
