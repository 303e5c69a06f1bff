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

  # Elements start to start + count of x, [n], from flat.
  def elements(self: __torch__.K, x: Tensor, start: Tensor, count: Tensor) -> Tensor:
    return torch.narrow(x, 0, int(start), int(count))

  # x: [n], from flat. Elements start to start + count, rounded to a dtype and on the CPU: [count]. A view where nothing is to be done.
  def part(self: __torch__.K, x: Tensor, start: Tensor, count: Tensor, dtype: Tensor) -> Tensor:
    rounded = torch.to((self).elements(x, start, count, ), int(dtype))
    return torch.to(rounded, torch.device("cpu"), int(dtype))

  # The same by chance; keys: see by_chance.
  def part_by_chance(self: __torch__.K, x: Tensor, start: Tensor, count: Tensor, dtype: Tensor, keys: Tensor) -> Tensor:
    rounded = (self).by_chance((self).elements(x, start, count, ), int(dtype), keys, )
    return torch.to(rounded, torch.device("cpu"), int(dtype))

  # into: [n], float32; x: [n]. Elements start to start + count of x, rounded to a dtype, in their places of into.
  def round_into(self: __torch__.K, into: Tensor, x: Tensor, start: Tensor, count: Tensor, dtype: Tensor) -> Tensor:
    rounded = torch.to((self).elements(x, start, count, ), int(dtype), False, True)
    return torch.copy_((self).elements(into, start, count, ), rounded)

  # The same by chance; keys: see by_chance.
  def round_into_by_chance(self: __torch__.K, into: Tensor, x: Tensor, start: Tensor, count: Tensor, dtype: Tensor, keys: Tensor) -> Tensor:
    rounded = (self).by_chance((self).elements(x, start, count, ), int(dtype), keys, )
    return torch.copy_((self).elements(into, start, count, ), rounded)

  # x: [n], float16, float32 or bfloat16. Each value becomes one of the two of the dtype (15 or 5) around it, the one of larger magnitude with a chance of its
  # distance from the other over theirs (Gupta et al. 2015): the expected value is x. What is not finite goes to its nearest.
  # keys: int64 [2] on the CPU, within int32, the first odd. What decides comes from them and a value's place alone: it is the same on any device and with any
  # number of threads. A place times the first plus the second goes through the last steps of MurmurHash3 (Appleby), which map 32 bits to 32 bits one to one;
  # sums and products are modulo 2^32, and the factors are 0x85ebca6b and 0xc2b2ae35.
  def by_chance(self: __torch__.K, x: Tensor, dtype: int, keys: Tensor) -> Tensor:
    values = torch.to(x, 6)
    places = torch.arange(0, torch.len(x), dtype=3, layout=None, device=ops.prim.device(x))
    h = torch.add_(torch.mul_(places, int(torch.select(keys, 0, 0))), int(torch.select(keys, 0, 1)))
    h0 = torch.mul_(torch.bitwise_xor_(h, (self).shifted(h, 16, 65535, )), -2048144789)
    h1 = torch.mul_(torch.bitwise_xor_(h0, (self).shifted(h0, 13, 524287, )), -1028477387)
    number = torch.bitwise_xor_(h1, (self).shifted(h1, 16, 65535, ))
    bits = torch.view_copy(values, 3)
    if torch.eq(dtype, 15):
      # Below the 16 bits of a bfloat16 a float32 has 16 more, to which a number of as many is added before they are cleared.
      sum = torch.add_(bits, torch.bitwise_and_(number, 65535))
      rounded = torch.view_copy(torch.bitwise_and_(sum, -65536), 6)
    else:
      # The values of float16 around x are 2^-10 of its power of two apart, and nowhere less than 2^-24: in bits of float32, whose exponents begin with -127.
      exponent = torch.clamp(torch.bitwise_and(torch.bitwise_right_shift(bits, 23), 255), 113, None)
      spacing = torch.view_copy(torch.bitwise_left_shift(torch.sub(exponent, 10), 23), 6)
      multiple = torch.div(torch.abs(values), spacing)
      lower = torch.floor(multiple)
      number0 = torch.mul(torch.to(torch.bitwise_and(number, 16777215), 6), 5.9604644775390625e-08)
      up = torch.to(torch.lt(number0, torch.sub(multiple, lower)), 6)
      rounded = torch.copysign(torch.mul(torch.add(lower, up), spacing), values)
    return torch.to(torch.where(torch.isfinite(values), rounded, values), dtype)

  # x: int32, shifted right with zeros for the sign's bit; rest is 2^(32 - count) - 1.
  def shifted(self: __torch__.K, x: Tensor, count: int, rest: int) -> Tensor:
    return torch.bitwise_and_(torch.bitwise_right_shift(x, count), rest)

  # How many of elements start to start + count differ between a and b, [n] each, from flat, both rounded to a dtype: int64 [].
  def count_changed(self: __torch__.K, a: Tensor, b: Tensor, start: Tensor, count: Tensor, dtype: Tensor) -> Tensor:
    rounded = torch.to((self).elements(a, start, count, ), int(dtype))
    return torch.sum(torch.ne(rounded, torch.to((self).elements(b, start, count, ), int(dtype))))

  # The same by chance.
  def count_changed_by_chance(self: __torch__.K, a: Tensor, b: Tensor, start: Tensor, count: Tensor, dtype: Tensor, keys: Tensor) -> Tensor:
    rounded = (self).by_chance((self).elements(a, start, count, ), int(dtype), keys, )
    return torch.sum(torch.ne(rounded, (self).by_chance((self).elements(b, start, count, ), int(dtype), keys, )))
