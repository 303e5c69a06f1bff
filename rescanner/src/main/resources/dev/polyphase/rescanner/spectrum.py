# The singular values of one weight, as the published scanner takes them: float32, largest first.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # x: [n] (taken as 1 x n) or [rows, cols], any dtype -> [min(rows, cols)] float32; one NaN where x holds what is not finite.
  def singular_values(self: __torch__.K, x: Tensor) -> Tensor:
    xf = torch.to(x, 6)
    if torch.lt(torch.dim(xf), 2):
      matrix = torch.reshape(xf, [1, -1])
    else:
      matrix = xf
    if bool(torch.all(torch.isfinite(matrix))):
      found = torch.linalg_svdvals(matrix)
    else:
      found = torch.full([1], nan, dtype=6, device=torch.device("{{device}}"))
    return found
