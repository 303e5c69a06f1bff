# Task: the optimizer's update
# AdamW whose states rest in 8 bits a value (Dettmers et al. 2022): blocks of 256 values, each scaled by its largest and rounded to the nearest of a
# map's 256 values. A table finds it by the fourth root, whose steps are fine in every decade of the map, several times as fast as a search does.
# At rest are the first moment and the root of the second, whose values span as many decades as the first's do: those of the second would span
# twice as many, and small ones become 0, by which one divides. Updates are computed in float32, a part of a tensor at a time.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # [x], appended because libtorch takes a list that is written as one for a copy: what is done to its tensors in place is left out as useless.
  def one(self: __torch__.K, x: Tensor) -> List[Tensor]:
    xs = annotate(List[Tensor], [])
    _0 = torch.append(xs, x)
    return xs

  # codes: uint8 [blocks, 256]; scales: float32 [blocks, 1]; map: float32 [256], ascending -> float32 [blocks * 256]
  def dequantised(self: __torch__.K, codes: Tensor, scales: Tensor, map: Tensor) -> Tensor:
    values = torch.index_select(map, 0, torch.to(torch.reshape(codes, [-1]), 3))
    return torch.reshape(torch.mul(torch.reshape(values, [-1, 256]), scales), [-1])

  # x: float32 [blocks * 256]; nearest: uint8 [2 * {{table_steps}} + 1], the codes of (i / {{table_steps}} - 1)^4 with the sign of its root. Into codes and scales.
  def quantise(self: __torch__.K, x: Tensor, codes: Tensor, scales: Tensor, nearest: Tensor) -> Tensor:
    blocks = torch.reshape(x, [-1, 256])
    _0 = torch.copy_(scales, torch.amax(torch.abs(blocks), [1], True))
    # A block of zeros stays one.
    relative = torch.div(blocks, torch.clamp(scales, 1.1754943508222875e-38))
    root = torch.copysign_(torch.sqrt_(torch.sqrt_(torch.abs(relative))), relative)
    index = torch.to(torch.add_(torch.mul_(root, {{table_steps}}), {{table_steps}} + 0.5), 3)
    # What is not finite must not become an index.
    looked = torch.index_select(nearest, 0, torch.reshape(torch.clamp_(index, 0, 2 * {{table_steps}}), [-1]))
    return torch.copy_(codes, torch.reshape(looked, [-1, 256]))

  # masters: float32, or with {{halves}} True the upper halves of all and behind them the lower ones; gradients: float32, or of 16 bits and still to be multiplied by scale; m, mscales, root, rootscales: the states, of as many blocks as hold the values, the last one padded; steps: float32 []
  # each; signed, unsigned: the maps of the first moment and of the root, each with its table; scale, rate, decay: float64 [] on the CPU. In place.
  def update(self: __torch__.K, masters: List[Tensor], gradients: List[Tensor], m: List[Tensor], mscales: List[Tensor], root: List[Tensor], rootscales: List[Tensor], steps: List[Tensor], signed: Tensor, signednearest: Tensor, unsigned: Tensor, unsignednearest: Tensor, scale: Tensor, rate: Tensor, decay: Tensor) -> Tensor:
    torch._foreach_add_(steps, 1)
    for i in range(torch.len(gradients)):
      upper = torch.view(masters[i], [-1])
      lower = torch.view((self).lower(masters, i, ), [-1])
      gradient = torch.reshape(gradients[i], [-1])
      values = torch.len(upper)
      blocks = torch.len(m[i])
      parts = torch.floordiv(torch.add(blocks, {{blocks}} - 1), {{blocks}})
      for j in range(parts):
        first = torch.mul(j, {{blocks}})
        count = ops.prim.min({{blocks}}, torch.sub(blocks, first))
        start = torch.mul(first, 256)
        length = ops.prim.min(torch.mul(count, 256), torch.sub(values, start))
        mcodes = torch.narrow(m[i], 0, first, count)
        mscale = torch.narrow(mscales[i], 0, first, count)
        rootcodes = torch.narrow(root[i], 0, first, count)
        rootscale = torch.narrow(rootscales[i], 0, first, count)
        m32 = (self).dequantised(mcodes, mscale, signed, )
        v32 = torch.square((self).dequantised(rootcodes, rootscale, unsigned, ))
        u = torch.narrow(upper, 0, start, length)
        l = torch.narrow(lower, 0, start, length)
        if {{halves}}:
          master = (self).joined(u, l, )
        else:
          master = u
        g = (self).scaled(torch.narrow(gradient, 0, start, length), float(scale), )
        torch._fused_adamw_((self).one(master, ), (self).one(g, ), (self).one(torch.narrow(m32, 0, 0, length), ), (self).one(torch.narrow(v32, 0, 0, length), ), annotate(List[Tensor], []), (self).one(steps[i], ), lr=float(rate), beta1={{beta1}}, beta2={{beta2}}, weight_decay=float(decay), eps={{epsilon}}, amsgrad=False, maximize=False)
        if {{halves}}:
          _2 = (self).halve(master, u, l, )
        _0 = (self).quantise(m32, mcodes, mscale, signednearest, )
        _1 = (self).quantise(torch.sqrt(v32), rootcodes, rootscale, unsignednearest, )
    return steps[0]
