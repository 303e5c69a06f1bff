# Task: the optimizer's update
# AdamW on float32 masters (Loshchilov and Hutter 2019; torch.optim.AdamW).
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # [x], appended because libtorch takes a list that is written as one for a copy: what is done to its tensors in place is left out as useless.
  def one(self: __torch__.K, x: Tensor) -> List[Tensor]:
    xs = annotate(List[Tensor], [])
    _0 = torch.append(xs, x)
    return xs

  # masters: float32, or with {{halves}} True the upper halves of all and behind them the lower ones; gradients: float32, or of 16 bits and still to be multiplied by scale;
  # m, v: float32 of equal shapes; steps: float32 [] each; scale, rate, decay: float64 [] on the CPU. In place, of halves so many values at a time.
  def update(self: __torch__.K, masters: List[Tensor], gradients: List[Tensor], m: List[Tensor], v: List[Tensor], steps: List[Tensor], scale: Tensor, rate: Tensor, decay: Tensor) -> Tensor:
    torch._foreach_add_(steps, 1)
    if {{halves}}:
      for i in range(torch.len(gradients)):
        upper = torch.view(masters[i], [-1])
        lower = torch.view((self).lower(masters, i), [-1])
        gradient = torch.reshape(gradients[i], [-1])
        first = torch.view(m[i], [-1])
        second = torch.view(v[i], [-1])
        values = torch.len(upper)
        parts = torch.floordiv(torch.add(values, {{values}} - 1), {{values}})
        for j in range(parts):
          start = torch.mul(j, {{values}})
          count = ops.prim.min({{values}}, torch.sub(values, start))
          u = torch.narrow(upper, 0, start, count)
          l = torch.narrow(lower, 0, start, count)
          master = (self).joined(u, l)
          g = (self).scaled(torch.narrow(gradient, 0, start, count), float(scale))
          torch._fused_adamw_((self).one(master), (self).one(g), (self).one(torch.narrow(first, 0, start, count)), (self).one(torch.narrow(second, 0, start, count)), annotate(List[Tensor], []), (self).one(steps[i]), lr=float(rate), beta1={{beta1}}, beta2={{beta2}}, weight_decay=float(decay), eps={{epsilon}}, amsgrad=False, maximize=False)
          _0 = (self).halve(master, u, l)
    else:
      torch._fused_adamw_(masters, gradients, m, v, annotate(List[Tensor], []), steps, lr=float(rate), beta1={{beta1}}, beta2={{beta2}}, weight_decay=float(decay), eps={{epsilon}}, amsgrad=False, maximize=False)
    return steps[0]
