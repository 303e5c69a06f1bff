# Task: the optimizer's update
# Some rows of a tensor.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # x: [rows, ...]; start, count: int64 [] on the CPU -> [count, ...], a view: writing to it writes to x.
  def rows(self: __torch__.K, x: Tensor, start: Tensor, count: Tensor) -> Tensor:
    return torch.narrow(x, 0, int(start), int(count))
