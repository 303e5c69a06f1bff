# Task: reading or converting a tensor
# Tensors read, converted and moved: all that needs a dtype's name, because only kernels may say bfloat16.
# Dtype codes: 0 uint8, 5 float16, 6 float32, 7 float64, 15 bfloat16.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # path: uint8 [n], the UTF-8 of a file's name; count: elements. The file as a mapped tensor [count], not to be written.
  def map_file(self: __torch__.K, path: Tensor, count: Tensor, dtype: Tensor) -> Tensor:
    characters = annotate(List[str], [])
    for i in range(torch.len(path)):
      _0 = torch.append(characters, torch.chr(int(torch.select(path, 0, i))))
    return torch.from_file(torch.join("", characters), False, int(count), dtype=int(dtype))

  # int64 [rank], as numbers.
  def sizes(self: __torch__.K, shape: Tensor) -> List[int]:
    sizes = annotate(List[int], [])
    for i in range(torch.len(shape)):
      _0 = torch.append(sizes, int(torch.select(shape, 0, i)))
    return sizes

  # elements: [n], a mapped file; start: element; shape: int64 [rank]. A view.
  def cut(self: __torch__.K, elements: Tensor, start: Tensor, shape: Tensor) -> Tensor:
    count = int(torch.prod(shape))
    return torch.reshape(torch.narrow(elements, 0, int(start), count), (self).sizes(shape, ))

  # shape: int64 [rank]. Memory on the CPU, whatever is in it.
  def empty(self: __torch__.K, shape: Tensor, dtype: Tensor) -> Tensor:
    return torch.empty((self).sizes(shape, ), dtype=int(dtype), layout=None, device=torch.device("cpu"))

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
