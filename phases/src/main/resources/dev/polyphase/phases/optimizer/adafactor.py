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

  # masters, gradients: float32 [r, c] each; rows, columns: float32 [r] and [c], the means of the second moment; steps: float32 [] each. In place.
  def update_matrices(self: __torch__.K, masters: List[Tensor], gradients: List[Tensor], rows: List[Tensor], columns: List[Tensor], steps: List[Tensor], rate: Tensor, decay: Tensor) -> Tensor:
    torch._foreach_add_(steps, 1)
    for i in range(torch.len(masters)):
      share = torch.pow(steps[i], -0.8)
      square = torch.add(torch.square(gradients[i]), 1e-30)
      row = torch.lerp_(rows[i], torch.mean(square, [-1]), share)
      column = torch.lerp_(columns[i], torch.mean(square, [-2]), share)
      byrow = torch.unsqueeze(torch.rsqrt(torch.div(row, torch.mean(row))), -1)
      update = torch.mul(torch.mul(gradients[i], byrow), torch.rsqrt(column))
      _0 = (self).apply(masters[i], update, rate, decay, )
    return steps[0]

  # masters, gradients, v: float32 of equal shapes; steps: float32 [] each. In place.
  def update_others(self: __torch__.K, masters: List[Tensor], gradients: List[Tensor], v: List[Tensor], steps: List[Tensor], rate: Tensor, decay: Tensor) -> Tensor:
    torch._foreach_add_(steps, 1)
    for i in range(torch.len(masters)):
      square = torch.add(torch.square(gradients[i]), 1e-30)
      second = torch.lerp_(v[i], square, torch.pow(steps[i], -0.8))
      _0 = (self).apply(masters[i], torch.mul(gradients[i], torch.rsqrt(second)), rate, decay, )
    return steps[0]
