# Task: reading or converting a tensor
# Tensors read, converted and moved: all that needs a dtype's name, because only kernels may say bfloat16.
# Dtype codes: 0 uint8, 5 float16, 6 float32, 7 float64, 15 bfloat16.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # int64 [rank], as numbers.
  def sizes(self: __torch__.K, shape: Tensor) -> List[int]:
    sizes = annotate(List[int], [])
    for i in range(torch.len(shape)):
      _0 = torch.append(sizes, int(torch.select(shape, 0, i)))
    return sizes

  # shape: int64 [rank]. Memory on the CPU, whatever is in it.
  def empty(self: __torch__.K, shape: Tensor, dtype: Tensor) -> Tensor:
    return torch.empty((self).sizes(shape, ), dtype=int(dtype), layout=None, device=torch.device("cpu"))

  # memory: uint8 [n], the bytes of a tensor; shape: int64 [rank]. The tensor, on that memory; no code may view bytes as another dtype, but set_ takes its storage as it is.
  def on_memory(self: __torch__.K, memory: Tensor, shape: Tensor, dtype: Tensor) -> Tensor:
    elements = torch.narrow(memory, 0, 0, int(torch.prod(shape)))
    none = torch.empty([0], dtype=int(dtype), layout=None, device=torch.device("cpu"))
    return torch.set_(none, torch.view(elements, (self).sizes(shape, )))

  # A copy on the device in another dtype; never an alias.
  def copy_as(self: __torch__.K, x: Tensor, dtype: Tensor) -> Tensor:
    return torch.to(x, torch.device("{{device}}"), int(dtype), False, True)

  # Overwrites the values of x with those of y.
  def overwrite(self: __torch__.K, x: Tensor, y: Tensor) -> Tensor:
    return torch.copy_(x, y)

  # A copy on the CPU, in row-major order and of the dtype of x.
  def copy_to_host(self: __torch__.K, x: Tensor) -> Tensor:
    copy = torch.empty(torch.size(x), dtype=ops.prim.dtype(x), layout=None, device=torch.device("cpu"))
    return torch.copy_(copy, x)

  # The code of the dtype of x: int64 [].
  def dtype(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.tensor(ops.prim.dtype(x))

  # The elements of x in row-major order: [n]. A view where that is their order in memory.
  def flat(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.reshape(x, [-1])

  # x: [n], from flat. Elements start to start + count, rounded to a dtype and on the CPU: [count]. A view where nothing is to be done.
  def part(self: __torch__.K, x: Tensor, start: Tensor, count: Tensor, dtype: Tensor) -> Tensor:
    rounded = torch.to(torch.narrow(x, 0, int(start), int(count)), int(dtype))
    return torch.to(rounded, torch.device("cpu"), int(dtype))

  # How many elements of a differ from those of b, both rounded to a dtype: int64 [].
  def count_changed(self: __torch__.K, a: Tensor, b: Tensor, dtype: Tensor) -> Tensor:
    return torch.sum(torch.ne(torch.to(a, int(dtype)), torch.to(b, int(dtype))))
