# Task: the optimizer's update
# Lion (Chen et al. 2023, algorithm 2).
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # masters: float32, or with {{halves}} True the upper halves of all and behind them the lower ones; gradients: float32, or of 16 bits and still to be multiplied by scale; m: float32
  # of equal shapes; scale, rate, decay: float64 [] on the CPU. In place.
  def update(self: __torch__.K, masters: List[Tensor], gradients: List[Tensor], m: List[Tensor], scale: Tensor, rate: Tensor, decay: Tensor) -> Tensor:
    for i in range(torch.len(gradients)):
      g = (self).scaled(gradients[i], float(scale))
      direction = torch.sign_(torch.lerp(g, m[i], {{beta1}}))
      master = (self).master(masters[i], (self).lower(masters, i))
      _0 = torch.add_(torch.mul_(master, 1. - float(rate) * float(decay)), direction, alpha=-float(rate))
      _1 = (self).keep(master, masters[i], (self).lower(masters, i))
      _2 = torch.lerp_(m[i], g, 1. - {{beta2}})
    return masters[0]
