# Task: a matrix product
# A product to compare with one that Java computes.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # a [n, m], b [m, k] float32, rounded to the dtype of this code and multiplied in it -> [n, k] float32.
  def product(self: __torch__.K, a: Tensor, b: Tensor, code: Tensor) -> Tensor:
    dtype = int(code)
    return torch.to(torch.matmul(torch.to(a, dtype), torch.to(b, dtype)), 6)
