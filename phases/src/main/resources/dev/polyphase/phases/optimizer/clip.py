# Task: clipping the gradients
# Clipping by the global norm.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # gradients: of any shapes, float32 or of 16 bits, on one device. The 2-norm of each: float32 [n].
  def norms(self: __torch__.K, gradients: List[Tensor]) -> Tensor:
    norms = annotate(List[Tensor], [])
    for i in range(torch.len(gradients)):
      _0 = torch.append(norms, torch.linalg_vector_norm(gradients[i], 2, None, False, dtype=6))
    return torch.stack(norms)

  # parts: from norms, each on its device; order: int64 [n] on the CPU, where in parts laid end to end each gradient's norm is, so that the sum does not
  # depend on the parts. Their common 2-norm: float32 [], on the first one's device.
  def norm(self: __torch__.K, parts: List[Tensor], order: Tensor) -> Tensor:
    if torch.gt(torch.len(parts), 1):
      here = annotate(List[Tensor], [])
      for i in range(torch.len(parts)):
        _0 = torch.append(here, torch.type_as(parts[i], parts[0]))
      norms = torch.unbind(torch.cat(here))
      ordered = annotate(List[Tensor], [])
      for i in range(torch.len(norms)):
        _1 = torch.append(ordered, norms[int(torch.select(order, 0, i))])
      all = torch.stack(ordered)
    else:
      all = parts[0]
    return torch.linalg_vector_norm(all)

  # Scales float32 gradients on one device in place; scale: float64 [] on the CPU.
  def scale(self: __torch__.K, gradients: List[Tensor], scale: Tensor) -> Tensor:
    torch._foreach_mul_(gradients, float(scale))
    return gradients[0]
