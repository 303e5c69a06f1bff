# Task: copying between the CPU and a device
# Small arrays of Java brought to a device.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # x: on the CPU. A copy on the device. From pinned memory it is made while the host goes on.
  def upload(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.to(torch.pin_memory(x), torch.device("{{device}}"), None, True, False)
