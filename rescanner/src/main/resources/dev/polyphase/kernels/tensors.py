# Task: reading or converting a tensor
# Tensors read, converted and moved: all that needs a dtype's name, because only kernels may say bfloat16.
# Dtype codes: 5 float16, 6 float32, 7 float64, 15 bfloat16.
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

  # elements: [n], a mapped file; start: element; shape: int64 [rank]. A view.
  def cut(self: __torch__.K, elements: Tensor, start: Tensor, shape: Tensor) -> Tensor:
    sizes = annotate(List[int], [])
    count = 1
    for i in range(torch.len(shape)):
      size = int(torch.select(shape, 0, i))
      count = torch.mul(count, size)
      _0 = torch.append(sizes, size)
    return torch.reshape(torch.narrow(elements, 0, int(start), count), sizes)

  # A copy on the device in another dtype; never an alias.
  def copy_as(self: __torch__.K, x: Tensor, dtype: Tensor) -> Tensor:
    return torch.to(x, torch.device("{{device}}"), int(dtype), False, True)

  # Overwrites the values of x with those of y.
  def overwrite(self: __torch__.K, x: Tensor, y: Tensor) -> Tensor:
    return torch.copy_(x, y)

  # Elements start to start + count of x in row-major order, rounded to a dtype and shown as float32: [count].
  def rounded(self: __torch__.K, x: Tensor, start: Tensor, count: Tensor, dtype: Tensor) -> Tensor:
    part = torch.narrow(torch.reshape(x, [-1]), 0, int(start), int(count))
    return torch.to(torch.to(part, int(dtype), False, True), 6)

  # How many elements of a differ from those of b, both rounded to a dtype: int64 [].
  def count_changed(self: __torch__.K, a: Tensor, b: Tensor, dtype: Tensor) -> Tensor:
    return torch.sum(torch.ne(torch.to(a, int(dtype)), torch.to(b, int(dtype))))
