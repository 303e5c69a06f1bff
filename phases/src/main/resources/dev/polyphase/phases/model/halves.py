  # ---- Masters in halves: float32 values as the nearest bfloat16 ones (dtype code 15) and, int16, what of their bits is beyond. Of two bfloat16 values as near the
  # one of larger magnitude is taken, not the even one: both halves tell the value to the bit.

  # x's memory as elements of another dtype of as many bytes: a view. libtorch's own for it has no name in these sources.
  def as_bits(self: __torch__.K, x: Tensor, dtype: int) -> Tensor:
    return torch.set_(torch.empty([0], dtype=dtype, layout=None, device=ops.prim.device(x)), x)

  # upper: bfloat16; lower: int16 of its shape -> float32
  def joined(self: __torch__.K, upper: Tensor, lower: Tensor) -> Tensor:
    bits = torch.bitwise_left_shift_(torch.to((self).as_bits(upper, 2), 3), 16)
    return (self).as_bits(torch.add_(bits, lower), 6)

  # values: float32 of the shape of upper and lower, into which they go.
  def halve(self: __torch__.K, values: Tensor, upper: Tensor, lower: Tensor) -> Tensor:
    bits = (self).as_bits(values, 3)
    _0 = torch.copy_((self).as_bits(upper, 2), torch.bitwise_right_shift_(torch.add(bits, 32768), 16))
    # The last 16 bits, with a sign: what the rounded ones are short of or beyond.
    return torch.copy_(lower, bits)
