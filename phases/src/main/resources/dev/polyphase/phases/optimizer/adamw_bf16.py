# Task: the optimizer's update
# AdamW whose moments rest in bfloat16 (dtype code 15), rounded to nearest; each update is computed in float32, a part of a tensor at a time.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # [x], appended because libtorch takes a list that is written as one for a copy: what is done to its tensors in place is left out as useless.
  def one(self: __torch__.K, x: Tensor) -> List[Tensor]:
    xs = annotate(List[Tensor], [])
    _0 = torch.append(xs, x)
    return xs

  # A moment of 0 for each value of x: bfloat16 of its shape.
  def zeros(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.zeros_like(x, dtype=15)

  # masters, gradients: float32; m, v: bfloat16 of their shapes; steps: float32 [] each; rate, decay: float64 [] on the CPU. In place.
  def update(self: __torch__.K, masters: List[Tensor], gradients: List[Tensor], m: List[Tensor], v: List[Tensor], steps: List[Tensor], rate: Tensor, decay: Tensor) -> Tensor:
    torch._foreach_add_(steps, 1)
    for i in range(torch.len(masters)):
      master = torch.view(masters[i], [-1])
      gradient = torch.reshape(gradients[i], [-1])
      first = torch.view(m[i], [-1])
      second = torch.view(v[i], [-1])
      values = torch.len(master)
      parts = torch.floordiv(torch.add(values, {{part}} - 1), {{part}})
      for j in range(parts):
        start = torch.mul(j, {{part}})
        count = ops.prim.min({{part}}, torch.sub(values, start))
        m16 = torch.narrow(first, 0, start, count)
        v16 = torch.narrow(second, 0, start, count)
        m32 = torch.to(m16, 6)
        v32 = torch.to(v16, 6)
        torch._fused_adamw_((self).one(torch.narrow(master, 0, start, count), ), (self).one(torch.narrow(gradient, 0, start, count), ), (self).one(m32, ), (self).one(v32, ), annotate(List[Tensor], []), (self).one(steps[i], ), lr=float(rate), beta1={{beta1}}, beta2={{beta2}}, weight_decay=float(decay), eps={{epsilon}}, amsgrad=False, maximize=False)
        _0 = torch.copy_(m16, m32)
        _1 = torch.copy_(v16, v32)
    return steps[0]
