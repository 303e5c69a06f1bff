# Task: the optimizer's update
# AdamW whose moments rest in bfloat16 (dtype code 15); each update is computed in float32, a part of a tensor at a time. What is kept of a moment is one of
# the two bfloat16 values around it, the upper one with a chance of its distance from the lower one over theirs (Gupta et al. 2015): on average no update is
# lost, where the nearest value would stand still under all that are smaller than half the spacing.
#
# What decides comes from no generator but from keys and a value's place alone: it is the same on any device and with any number of threads. Each place in a
# run has a hash and each run has two, one of them for each moment; the product of both decides. A run's length is a prime number, which no matrix has for
# its width: places in its rows would be places in runs.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # [x], appended because libtorch takes a list that is written as one for a copy: what is done to its tensors in place is left out as useless.
  def one(self: __torch__.K, x: Tensor) -> List[Tensor]:
    xs = annotate(List[Tensor], [])
    _0 = torch.append(xs, x)
    return xs

  # A moment of 0 for each value of x: bfloat16 of its shape.
  def zeros(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.zeros_like(x, dtype=15)

  # x: int32, shifted right with zeros for the sign's bit; rest is 2^(32 - count) - 1.
  def shifted(self: __torch__.K, x: Tensor, count: int, rest: int) -> Tensor:
    return torch.bitwise_and_(torch.bitwise_right_shift(x, count), rest)

  # key: within int32. The numbers from start on, plus key, through the last steps of MurmurHash3 (Appleby), which map 32 bits to 32 bits one to one; sums
  # and products are modulo 2^32, and the factors are 0x85ebca6b and 0xc2b2ae35. int32 [count], where like is.
  def hashes(self: __torch__.K, start: int, count: int, key: int, like: Tensor) -> Tensor:
    x = torch.add_(torch.arange(start, torch.add(start, count), dtype=3, layout=None, device=ops.prim.device(like)), key)
    x0 = torch.mul_(torch.bitwise_xor_(x, (self).shifted(x, 16, 65535, )), -2048144789)
    x1 = torch.mul_(torch.bitwise_xor_(x0, (self).shifted(x0, 13, 524287, )), -1028477387)
    return torch.bitwise_xor_(x1, (self).shifted(x1, 16, 65535, ))

  # x: float32 [n], in runs the last of which may be shorter; ofplace: int32 [values of a run]; ofrun: int32 [runs]. What bfloat16 holds, float32: below its
  # 16 bits stand 16 more, to which a number of as many bits is added before they are cleared. Times odd numbers all of them are equally likely.
  def rounded(self: __torch__.K, x: Tensor, ofplace: Tensor, ofrun: Tensor) -> Tensor:
    count = torch.len(x)
    bits = torch.view_copy(x, 3)
    product = torch.mul(torch.unsqueeze(torch.bitwise_or(ofrun, 1), 1), torch.unsqueeze(ofplace, 0))
    number = torch.bitwise_and_(torch.narrow(torch.reshape(product, [-1]), 0, 0, count), 65535)
    return torch.view_copy(torch.bitwise_and_(torch.add_(bits, number), -65536), 6)

  # masters: float32, or with {{halves}} True the upper halves of all and behind them the lower ones; gradients: float32, or of 16 bits and still to be multiplied by scale; m, v: bfloat16 of their shapes; steps: float32 [] each; keys: two of each master, int64 on the CPU, within int32; scale, rate, decay:
  # float64 [] on the CPU. In place.
  def update(self: __torch__.K, masters: List[Tensor], gradients: List[Tensor], m: List[Tensor], v: List[Tensor], steps: List[Tensor], keys: Tensor, scale: Tensor, rate: Tensor, decay: Tensor) -> Tensor:
    torch._foreach_add_(steps, 1)
    for i in range(torch.len(gradients)):
      upper = torch.view(masters[i], [-1])
      lower = torch.view((self).lower(masters, i, ), [-1])
      gradient = torch.reshape(gradients[i], [-1])
      first = torch.view(m[i], [-1])
      second = torch.view(v[i], [-1])
      values = torch.len(upper)
      key = int(torch.select(keys, 0, torch.mul(i, 2)))
      keyofrun = int(torch.select(keys, 0, torch.add(torch.mul(i, 2), 1)))
      ofplace = (self).hashes(0, ops.prim.min({{run}}, values), key, upper, )
      parts = torch.floordiv(torch.add(values, {{run}} * {{runs}} - 1), {{run}} * {{runs}})
      for j in range(parts):
        start = torch.mul(j, {{run}} * {{runs}})
        count = ops.prim.min({{run}} * {{runs}}, torch.sub(values, start))
        m16 = torch.narrow(first, 0, start, count)
        v16 = torch.narrow(second, 0, start, count)
        m32 = torch.to(m16, 6)
        v32 = torch.to(v16, 6)
        u = torch.narrow(upper, 0, start, count)
        l = torch.narrow(lower, 0, start, count)
        if {{halves}}:
          master = (self).joined(u, l, )
        else:
          master = u
        g = (self).scaled(torch.narrow(gradient, 0, start, count), float(scale), )
        torch._fused_adamw_((self).one(master, ), (self).one(g, ), (self).one(m32, ), (self).one(v32, ), annotate(List[Tensor], []), (self).one(steps[i], ), lr=float(rate), beta1={{beta1}}, beta2={{beta2}}, weight_decay=float(decay), eps={{epsilon}}, amsgrad=False, maximize=False)
        if {{halves}}:
          _2 = (self).halve(master, u, l, )
        ofrun = (self).hashes(torch.mul(j, {{runs}}), torch.floordiv(torch.add(count, {{run}} - 1), {{run}}), keyofrun, upper, )
        _0 = torch.copy_(m16, (self).rounded(m32, ofplace, ofrun, ))
        _1 = torch.copy_(v16, (self).rounded(v32, ofplace, torch.bitwise_right_shift(ofrun, 16), ))
    return steps[0]
