# Task: the optimizer's update
# Adafactor (Shazeer and Stern 2018) with an outer rate, as transformers' Adafactor(scale_parameter=False, relative_step=False):
# no first moment, clip_threshold 1, decay_rate -0.8, eps 1e-30.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # The update of root mean square 1 at most, times the rate, and the decay. x, update: float32 of equal shapes.
  def apply(self: __torch__.K, x: Tensor, update: Tensor, rate: Tensor, decay: Tensor) -> Tensor:
    rms = torch.sqrt(torch.mean(torch.square(update)))
    scaled = torch.div(update, torch.clamp(rms, 1.))
    return torch.add_(torch.mul_(x, 1. - float(rate) * float(decay)), scaled, alpha=-float(rate))

  # masters: float32, or with {{halves}} True the upper halves of all and behind them the lower ones; gradients: float32, or of 16 bits and still to be multiplied by scale; all
  # [r, c]; rows, columns: float32 [r] and [c], the means of the second moment; steps: float32 [] each; scale: float64 [] on the CPU. In place.
  def update_matrices(self: __torch__.K, masters: List[Tensor], gradients: List[Tensor], rows: List[Tensor], columns: List[Tensor], steps: List[Tensor], scale: Tensor, rate: Tensor, decay: Tensor) -> Tensor:
    torch._foreach_add_(steps, 1)
    for i in range(torch.len(gradients)):
      share = torch.pow(steps[i], -0.8)
      g = (self).scaled(gradients[i], float(scale), )
      square = torch.add(torch.square(g), 1e-30)
      row = torch.lerp_(rows[i], torch.mean(square, [-1]), share)
      column = torch.lerp_(columns[i], torch.mean(square, [-2]), share)
      byrow = torch.unsqueeze(torch.rsqrt(torch.div(row, torch.mean(row))), -1)
      update = torch.mul(torch.mul(g, byrow), torch.rsqrt(column))
      master = (self).master(masters[i], (self).lower(masters, i, ), )
      _0 = (self).apply(master, update, rate, decay, )
      _1 = (self).keep(master, masters[i], (self).lower(masters, i, ), )
    return steps[0]

  # The same of other shapes; v: float32, of theirs.
  def update_others(self: __torch__.K, masters: List[Tensor], gradients: List[Tensor], v: List[Tensor], steps: List[Tensor], scale: Tensor, rate: Tensor, decay: Tensor) -> Tensor:
    torch._foreach_add_(steps, 1)
    for i in range(torch.len(gradients)):
      g = (self).scaled(gradients[i], float(scale), )
      square = torch.add(torch.square(g), 1e-30)
      second = torch.lerp_(v[i], square, torch.pow(steps[i], -0.8))
      update = torch.mul(g, torch.rsqrt(second))
      master = (self).master(masters[i], (self).lower(masters, i, ), )
      _0 = (self).apply(master, update, rate, decay, )
      _1 = (self).keep(master, masters[i], (self).lower(masters, i, ), )
    return steps[0]
