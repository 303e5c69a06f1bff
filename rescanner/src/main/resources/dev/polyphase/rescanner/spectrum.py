# Task: the singular values of a weight
# The singular values of one weight, and the Gram matrix whose eigenvalues are their squares.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # As the published scanner takes them: float32, largest first.
  # x: [n] (taken as 1 x n) or [rows, cols], any dtype -> [min(rows, cols)] float32; one NaN where x holds what is not finite.
  def singular_values(self: __torch__.K, x: Tensor) -> Tensor:
    xf = torch.to(x, 6)
    if torch.lt(torch.dim(xf), 2):
      matrix = torch.reshape(xf, [1, -1])
    else:
      matrix = xf
    # No sum of finite float32 values overflows float64, and no other sum is finite.
    if bool(torch.isfinite(torch.sum(matrix, dtype=7))):
      found = torch.linalg_svdvals(matrix)
    else:
      found = torch.full([1], nan, dtype=6, device=torch.device("{{device}}"))
    return found

  # The Gram matrix of the longer side: of A [m, n] with m >= n, or of its transpose, At A; float64, in which all products of float32 are exact.
  # x: [rows, cols], any dtype -> [n, n] float64; only the lower triangle is right.
  # Computed from slices of the longer side, so that no float64 copy of x is made, and by block rows, so that the upper triangle costs little.
  def gram(self: __torch__.K, x: Tensor) -> Tensor:
    if torch.lt(torch.size(x, 0), torch.size(x, 1)):
      tall = torch.t(x)
    else:
      tall = x
    m = torch.size(tall, 0)
    n = torch.size(tall, 1)
    found = torch.zeros([n, n], dtype=7, device=torch.device("{{device}}"))
    length = ops.prim.max({{sliceRows}}, torch.floordiv({{sliceElements}}, n))
    # One slice's memory serves all.
    widened = torch.empty([ops.prim.min(length, m), n], dtype=7, device=torch.device("{{device}}"))
    width = ops.prim.max(128, torch.floordiv(torch.add(n, 7), 8))
    for i in range(torch.floordiv(torch.sub(torch.add(m, length), 1), length)):
      row = torch.mul(i, length)
      rows = ops.prim.min(length, torch.sub(m, row))
      slice = torch.copy_(torch.narrow(widened, 0, 0, rows), torch.narrow(tall, 0, row, rows))
      for j in range(torch.floordiv(torch.sub(torch.add(n, width), 1), width)):
        begin = torch.mul(j, width)
        count = ops.prim.min(width, torch.sub(n, begin))
        end = torch.add(begin, count)
        block = torch.narrow(torch.narrow(found, 0, begin, count), 1, 0, end)
        left = torch.t(torch.narrow(slice, 1, begin, count))
        _0 = torch.addmm_(block, left, torch.narrow(slice, 1, 0, end))
    return found

  # gram: [n, n], a lower triangle -> [n], ascending; one NaN where it holds what is not finite.
  def eigenvalues(self: __torch__.K, gram: Tensor) -> Tensor:
    # The diagonal holds sums of squares: it is finite where all weights are.
    if bool(torch.isfinite(torch.sum(torch.diagonal(gram)))):
      found = torch.linalg_eigvalsh(gram, "L")
    else:
      found = torch.full([1], nan, dtype=7, device=torch.device("{{device}}"))
    return found
