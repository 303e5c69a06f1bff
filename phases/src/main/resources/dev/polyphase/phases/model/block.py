# Task: a pass through a block of the model
# One transformer block and its vector-Jacobian product. How its halves are put together stands first; what this one computes in them, in its parts behind.
# Shapes: x, y [batch, seq, hidden]; w: the block's weights, see below.
# positions: what turns queries and keys, float32: cos and sin, of a head's first half -sin, [seq, rotary_dim], or [batch, 1, seq, rotary_dim] where each row has its own, and of some
# models scale [seq, 1], by which turned queries are multiplied. Of a block without positions a number that nobody reads: a list must not be empty.
# documents: first int64 [3 n] on the CPU, three numbers of each of the n documents that lie side by side in every row: its tokens; which document begins
# with its prefix, -1 for none; the prefix's tokens, 0 for none. Of other documents no token sees anything but its own one's prefix. Then, on GPUs and
# where n is above 1, where documents begin and the last ends among all tokens, int32 [n + 1] on the device, and the same with each one's prefix before it.
# Frozen weights have x's dtype; trained ones are float32 masters that are converted on the way, or upper halves or copies of masters in x's dtype.
# Constants are the indices of the weights in w, -1 where the block has none, and the block's sizes.
# Behind its weights w holds the adapters of the modules that have one, float32 masters too; behind these, where adapters drop inputs, the seed of
# that: int64 [] on the CPU, below 0 where nothing is to be dropped.
#
# Derivatives are written out, so that no more is kept than they need; of attention's scores and of experts autograd makes them. Each method that has a
# derivative, f, puts what it needs on kept, and its f_vjp takes that off again, in the other order. Both are told what is wanted:
# trained: 1 or 0 for x and then for each weight, empty where there is no backward pass; wanted: whether the gradient of the method's input is.
# found: for each weight its gradient, as far as there is one yet.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def forward(self: __torch__.K, x: Tensor, positions: List[Tensor], documents: List[Tensor], w: List[Tensor]) -> Tensor:
    said = annotate(List[Tensor], [])
    return (self).block(x, positions, documents, w, said, annotate(List[int], []), annotate(List[Tensor], []))

  # The same, and behind it what experts say of their routing where they are asked to: probabilities [batch * seq, experts], choices [batch * seq, chosen].
  def told(self: __torch__.K, x: Tensor, positions: List[Tensor], documents: List[Tensor], w: List[Tensor]) -> List[Tensor]:
    said = annotate(List[Tensor], [])
    y = (self).block(x, positions, documents, w, said, annotate(List[int], []), annotate(List[Tensor], []))
    return torch.add(annotate(List[Tensor], [y]), said)

  # trained: int64 [1 + len(w)]. Returns y and what experts say, then what is to be given to backward.
  def traced(self: __torch__.K, x: Tensor, positions: List[Tensor], documents: List[Tensor], w: List[Tensor], trained: Tensor) -> List[Tensor]:
    said = annotate(List[Tensor], [])
    kept = annotate(List[Tensor], [])
    y = (self).block(x, positions, documents, w, said, (self).flags(trained), kept)
    return torch.add(torch.add(annotate(List[Tensor], [y]), said), kept)

  # kept: from traced, of the same arguments; of_outputs: the gradients of y and, if experts' probabilities have any, of these. The gradients of x, if it is
  # wanted, and of the trained weights. What autograd kept is freed.
  def backward(self: __torch__.K, kept: List[Tensor], positions: List[Tensor], documents: List[Tensor], w: List[Tensor], trained: Tensor, of_outputs: List[Tensor]) -> List[Tensor]:
    return (self).block_vjp(kept, positions, w, (self).flags(trained), of_outputs)

  # The same with nothing kept: the block is computed again.
  def vjp(self: __torch__.K, x: Tensor, positions: List[Tensor], documents: List[Tensor], w: List[Tensor], trained: Tensor, of_outputs: List[Tensor]) -> List[Tensor]:
    kept = annotate(List[Tensor], [])
    flags = (self).flags(trained)
    said = annotate(List[Tensor], [])
    _0 = (self).block(x, positions, documents, w, said, flags, kept)
    return (self).block_vjp(kept, positions, w, flags, of_outputs)

  def flags(self: __torch__.K, trained: Tensor) -> List[int]:
    flags = annotate(List[int], [])
    for i in range(torch.size(trained, 0)):
      _0 = torch.append(flags, int(torch.select(trained, 0, i)))
    return flags

  # Whether the gradient of a weight is wanted; not of one that the block has not.
  def trains(self: __torch__.K, trained: List[int], weight: int) -> bool:
    found = False
    if torch.__and__(torch.ge(weight, 0), torch.gt(torch.len(trained), 0)):
      found = torch.eq(trained[torch.add(weight, 1)], 1)
    return found

  # The norm before a half: x normed, or x itself where there is none, and the norm's scales.
  def before(self: __torch__.K, x: Tensor, w: List[Tensor], norm: int) -> Tuple[Tensor, Tensor]:
    if norm >= 0:
      h, scale, = (self).norm(x, w[norm])
    else:
      h = x
      scale = x
    return (h, scale)

  # A half's input is kept where the half wants it again, or where a norm is to be differentiated.
  def keep_before(self: __torch__.K, x: Tensor, scale: Tensor, norm: int, wanted: bool, reads: bool, kept: List[Tensor]) -> int:
    if torch.__or__(reads, torch.__and__(wanted, norm >= 0)):
      _0 = torch.append(kept, x)
      if norm >= 0:
        _1 = torch.append(kept, scale)
    return 0

  # What keep_before kept: x, scale, and the half's input if it reads it.
  def kept_before(self: __torch__.K, w: List[Tensor], norm: int, wanted: bool, reads: bool, kept: List[Tensor], like: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    x = like
    scale = like
    h = like
    if torch.__or__(reads, torch.__and__(wanted, norm >= 0)):
      if norm >= 0:
        scale = torch.pop(kept, -1)
      x = torch.pop(kept, -1)
      h = x
      if torch.__and__(reads, norm >= 0):
        h = (self).normed(x, scale, w[norm])
    return (x, scale, h)

  # The gradient of what before was given: gh through the norm, and g, which came by the residual stream.
  def before_vjp(self: __torch__.K, g: Tensor, gh: Tensor, x: Tensor, scale: Tensor, w: List[Tensor], norm: int, trained: List[int], wanted: bool, found: List[Optional[Tensor]]) -> Tensor:
    if norm >= 0:
      gx = (self).norm_vjp_at(gh, x, scale, w, norm, trained, wanted, found, [g])
    else:
      gx = torch.add(g, gh)
    return gx

  # The gradient of what a norm was given, plus what is in more, if wanted, else gy itself. The gradient of its weight, if it is trained, goes to found.
  def norm_vjp_at(self: __torch__.K, gy: Tensor, x: Tensor, scale: Tensor, w: List[Tensor], norm: int, trained: List[int], wanted: bool, found: List[Optional[Tensor]], more: List[Tensor]) -> Tensor:
    of_x, of_weight, = (self).norm_vjp(gy, x, scale, w[norm], wanted, (self).trains(trained, norm), more)
    if (self).trains(trained, norm):
      _0 = torch._set_item(found, norm, of_weight)
    return of_x

  # x and a half's result a, normed where there is a norm behind the half, which is differentiated where wanted says so.
  def behind(self: __torch__.K, x: Tensor, a: Tensor, w: List[Tensor], norm: int, wanted: bool, kept: List[Tensor]) -> Tensor:
    if norm >= 0:
      b, scale, = (self).norm(a, w[norm])
      if wanted:
        _0 = torch.append(kept, a)
        _1 = torch.append(kept, scale)
    else:
      b = a
    return torch.add(x, b, alpha={{residual_multiplier}})

  # The gradient of the half's result.
  def behind_vjp(self: __torch__.K, g: Tensor, w: List[Tensor], norm: int, trained: List[int], wanted: bool, kept: List[Tensor], found: List[Optional[Tensor]]) -> Tensor:
    if {{residual_multiplier}} != 1.:
      gb = torch.mul(g, {{residual_multiplier}})
    else:
      gb = g
    ga = gb
    if norm >= 0:
      if torch.__or__(wanted, (self).trains(trained, norm)):
        scale = torch.pop(kept, -1)
        a = torch.pop(kept, -1)
        ga = (self).norm_vjp_at(gb, a, scale, w, norm, trained, wanted, found, annotate(List[Tensor], []))
    return ga

  # Of which of these the gradients are wanted: the input of attention, its result, the sum in the middle, the input of the feed-forward half, its result.
  def wanted(self: __torch__.K, trained: List[int]) -> Tuple[bool, bool, bool, bool, bool]:
    x = False
    if torch.gt(torch.len(trained), 0):
      x = torch.eq(trained[0], 1)
    h = torch.__or__(x, (self).trains(trained, {{before_attention}}))
    a = torch.__or__(h, (self).trains_attention(trained))
    x1 = torch.__or__(a, (self).trains(trained, {{behind_attention}}))
    h1 = torch.__or__(x1, (self).trains(trained, {{before_feed_forward}}))
    f = torch.__or__(h1, (self).trains_mlp(trained))
    return (h, a, x1, h1, f)

  # x may come from another device; its gradient goes back there.
  def block(self: __torch__.K, x: Tensor, positions: List[Tensor], documents: List[Tensor], w: List[Tensor], said: List[Tensor], trained: List[int], kept: List[Tensor]) -> Tensor:
    of_h, of_a, of_x1, of_h1, of_f, = (self).wanted(trained)
    if torch.gt(torch.len(trained), 0):
      _0 = torch.append(kept, torch.empty([0], dtype=6, device=ops.prim.device(x)))
    x0 = torch.to(torch.detach(x), torch.device("{{device}}"))
    h, scale, = (self).before(x0, w, {{before_attention}})
    a = (self).attention(h, positions, documents, w, trained, of_h, kept)
    _1 = (self).keep_before(x0, scale, {{before_attention}}, of_h, (self).attention_reads(trained), kept)
    x1 = (self).behind(x0, a, w, {{behind_attention}}, torch.__or__(of_a, (self).trains(trained, {{behind_attention}})), kept)
    h1, scale1, = (self).before(x1, w, {{before_feed_forward}})
    f = (self).mlp(h1, w, said, trained, of_h1, kept)
    _2 = (self).keep_before(x1, scale1, {{before_feed_forward}}, of_h1, (self).mlp_reads(trained), kept)
    return (self).behind(x1, f, w, {{behind_feed_forward}}, torch.__or__(of_f, (self).trains(trained, {{behind_feed_forward}})), kept)

  def block_vjp(self: __torch__.K, kept: List[Tensor], positions: List[Tensor], w: List[Tensor], trained: List[int], of_outputs: List[Tensor]) -> List[Tensor]:
    of_h, of_a, of_x1, of_h1, of_f, = (self).wanted(trained)
    found = annotate(List[Optional[Tensor]], [])
    for i in range(torch.len(w)):
      _0 = torch.append(found, None)
    g = of_outputs[0]
    gf = (self).behind_vjp(g, w, {{behind_feed_forward}}, trained, of_f, kept, found)
    gx = g
    if of_f:
      x1, scale1, h1, = (self).kept_before(w, {{before_feed_forward}}, of_h1, (self).mlp_reads(trained), kept, g)
      gh1 = (self).mlp_vjp(gf, of_outputs, h1, w, trained, of_h1, kept, found)
      if of_h1:
        gx = (self).before_vjp(g, gh1, x1, scale1, w, {{before_feed_forward}}, trained, of_x1, found)
    if of_x1:
      ga = (self).behind_vjp(gx, w, {{behind_attention}}, trained, of_a, kept, found)
      if of_a:
        x0, scale0, h0, = (self).kept_before(w, {{before_attention}}, of_h, (self).attention_reads(trained), kept, g)
        gh = (self).attention_vjp(ga, h0, positions, w, trained, of_h, kept, found)
        if of_h:
          gx = (self).before_vjp(gx, gh, x0, scale0, w, {{before_attention}}, trained, torch.eq(trained[0], 1), found)
    gradients = annotate(List[Tensor], [])
    if torch.eq(trained[0], 1):
      _1 = torch.append(gradients, torch.to(gx, ops.prim.device(kept[0])))
    for i in range(torch.len(w)):
      if (self).trains(trained, i):
        _2 = torch.append(gradients, (self).of_weight(found[i], w[i]))
    return gradients

  # A weight's gradient: float32 of one in float32, of 16 bits as it was computed; zeros where nothing has come to it, as to an expert without a token.
  def of_weight(self: __torch__.K, gradient: Optional[Tensor], weight: Tensor) -> Tensor:
    if torch.__is__(gradient, None):
      g = torch.zeros_like(weight)
    else:
      g = unchecked_cast(Tensor, gradient)
    if torch.eq(ops.prim.dtype(weight), 6):
      g1 = torch.to(g, 6)
    else:
      g1 = g
    return g1
