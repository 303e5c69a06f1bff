# Task: the optimizer's update
# Lion (Chen et al. 2023, algorithm 2).
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # masters, gradients, m: float32 of equal shapes; rate, decay: float64 [] on the CPU. In place.
  def update(self: __torch__.K, masters: List[Tensor], gradients: List[Tensor], m: List[Tensor], rate: Tensor, decay: Tensor) -> Tensor:
    for i in range(torch.len(masters)):
      direction = torch.sign_(torch.lerp(gradients[i], m[i], {{beta1}}))
      _0 = torch.add_(torch.mul_(masters[i], 1. - float(rate) * float(decay)), direction, alpha=-float(rate))
      _1 = torch.lerp_(m[i], gradients[i], 1. - {{beta2}})
    return masters[0]
