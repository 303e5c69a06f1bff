# Task: the optimizer's update
# Muon (Jordan et al. 2024) with decay and an update of AdamW's size (Liu et al. 2025, "Muon is scalable for LLM training", eq. 4).
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # The nearest matrix of orthonormal rows or columns, roughly: five Newton-Schulz steps on the singular values, by Jordan's polynomial, which
  # leaves them between 0.7 and 1.2. x: float32 [r, c]. On CUDA the products are in bfloat16 (dtype code 15), as in the published code.
  def orthogonal(self: __torch__.K, x: Tensor) -> Tensor:
    y = torch.div(x, torch.add(torch.linalg_vector_norm(x), 1e-7))
    tall = torch.gt(torch.size(x, 0), torch.size(x, 1))
    if tall:
      y = torch.t(y)
    if ops.prim.is_cuda(x):
      y = torch.to(y, 15)
    for _ in range(5):
      a = torch.matmul(y, torch.t(y))
      b = torch.add(torch.mul(a, -4.775), torch.matmul(a, a), alpha=2.0315)
      y = torch.add(torch.mul(y, 3.4445), torch.matmul(b, y))
    if tall:
      y = torch.t(y)
    return torch.to(y, 6)

  # masters: float32, or with {{halves}} True the upper halves of all and behind them the lower ones; gradients: float32, or of 16 bits and still to be multiplied by scale; momenta:
  # float32; all [r, c]; scale, rate, decay: float64 [] on the CPU. In place.
  def update(self: __torch__.K, masters: List[Tensor], gradients: List[Tensor], momenta: List[Tensor], scale: Tensor, rate: Tensor, decay: Tensor) -> Tensor:
    for i in range(torch.len(gradients)):
      g = (self).scaled(gradients[i], float(scale), )
      momentum = torch.add_(torch.mul_(momenta[i], {{momentum}}), g)
      # Nesterov's: the momentum as the next step would have it.
      ahead = torch.add(g, momentum, alpha={{momentum}})
      longer = float(ops.prim.max(torch.size(ahead, 0), torch.size(ahead, 1)))
      size = torch.mul(0.2, torch.sqrt(longer))
      update = (self).orthogonal(ahead, )
      master = (self).master(masters[i], (self).lower(masters, i, ), )
      _0 = torch.mul_(master, 1. - float(rate) * float(decay))
      _1 = torch.add_(master, update, alpha=-float(rate) * size)
      _2 = (self).keep(master, masters[i], (self).lower(masters, i, ), )
    return masters[0]
