# Task: a matrix product
# The matrix products of a training step and nothing else. Results go into arrays that are given.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # x in the dtype of like, x itself where it has that.
  def as_like(self: __torch__.K, x: Tensor, like: Tensor) -> Tensor:
    return torch.type_as(x, like)

  # The first value of x: float32 [].
  def first(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.to(torch.select(torch.reshape(x, [-1]), 0, 0), 6)

  # x [tokens, in], gy [tokens, out], w [out, in] -> y [tokens, out], gx [tokens, in], gw [out, in]
  def linear(self: __torch__.K, x: Tensor, gy: Tensor, w: Tensor, y: Tensor, gx: Tensor, gw: Tensor) -> Tensor:
    _0 = torch.mm(x, torch.t(w), out=y)
    _1 = torch.mm(gy, w, out=gx)
    return torch.mm(torch.t(gy), x, out=gw)

  # a [heads, seq, head_dim] in the place of queries, keys, values and gradients; s [heads, seq, seq], o [heads, seq, head_dim]: q k' and p v,
  # then the gradients of v, of p, of q and of k.
  def attention(self: __torch__.K, a: Tensor, s: Tensor, o: Tensor) -> Tensor:
    _0 = torch.bmm(a, torch.transpose(a, 1, 2), out=s)
    _1 = torch.bmm(s, a, out=o)
    _2 = torch.bmm(torch.transpose(s, 1, 2), a, out=o)
    _3 = torch.bmm(a, torch.transpose(a, 1, 2), out=s)
    _4 = torch.bmm(s, a, out=o)
    return torch.bmm(torch.transpose(s, 1, 2), a, out=o)
