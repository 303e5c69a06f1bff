# Task: copying between the CPU and a device
# Arrays on their way between the CPU and devices, through a flat buffer [n] on the CPU. Pinned, it is read and written by a GPU while the host goes on.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # count: int64 []; like: any tensor of the buffer's dtype.
  def allocate(self: __torch__.K, count: Tensor, like: Tensor) -> Tensor:
    return torch.empty([int(count)], dtype=ops.prim.dtype(like), layout=None, device=torch.device("cpu"), pin_memory={{pinned}})

  # A part of the buffer, from element start on, in the shape of x.
  def part(self: __torch__.K, buffer: Tensor, start: int, x: Tensor) -> Tensor:
    return torch.reshape(torch.narrow(buffer, 0, start, torch.numel(x)), torch.size(x))

  # xs: on devices, which convert them to the buffer's dtype. Their values, in the buffer, once the devices have done what they were asked for.
  def bring(self: __torch__.K, buffer: Tensor, xs: List[Tensor]) -> List[Tensor]:
    found = annotate(List[Tensor], [])
    start = 0
    for i in range(torch.len(xs)):
      part = (self).part(buffer, start, xs[i])
      _0 = torch.copy_(part, xs[i], True)
      _1 = torch.append(found, part)
      start = torch.add(start, torch.numel(xs[i]))
    return found

  # xs: on the CPU; ys: on devices, of equal shapes and of the buffer's dtype. Overwrites ys with xs, rounded on the CPU; of xs nothing is needed afterwards.
  def send(self: __torch__.K, buffer: Tensor, xs: List[Tensor], ys: List[Tensor]) -> Tensor:
    start = 0
    for i in range(torch.len(xs)):
      part = torch.copy_((self).part(buffer, start, xs[i]), xs[i])
      _0 = torch.copy_(ys[i], part, True)
      start = torch.add(start, torch.numel(xs[i]))
    return buffer
