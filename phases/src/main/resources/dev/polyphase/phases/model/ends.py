# Task: a pass through the model's embeddings or its head
# The two ends of the model: token embedding, final norm, and the log-probabilities of target tokens.
# Shapes: ids [batch, seq] int64; hidden x [batch, seq, hidden]; n target positions; vocabulary V.
# head: the head's weight [V, hidden]; where it has an adapter then inner [n, rank], that of the n rows, and the adapter's B [V, rank]. The logits of h
# are h weight' + inner B'. The norm is a part behind the file's own methods.
# Logits exist for {{chunk_tokens}} tokens at a time only, of a trained head in 16 bits their gradients for {{group_tokens}}: its own is then one
# product of many rows.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # table [V, hidden]; like: a tensor of the compute dtype.
  def embed(self: __torch__.K, table: Tensor, ids: Tensor, like: Tensor) -> Tensor:
    return (self).multiplied(torch.type_as(torch.embedding(table, ids), like))

  # x times what the model multiplies embeddings by, and so their gradients.
  def multiplied(self: __torch__.K, x: Tensor) -> Tensor:
    if {{embedding_scale}} != 1.:
      y = torch.mul(x, {{embedding_scale}})
    else:
      y = x
    return y

  # The same with noise: uniform between -bounds and bounds, float32 [batch, 1, 1] or [1, seq, 1]; seed: int64 [] on the CPU. Added in float32.
  def embed_with_noise(self: __torch__.K, table: Tensor, ids: Tensor, like: Tensor, bounds: Tensor, seed: Tensor) -> Tensor:
    rows = torch.to(torch.embedding(table, ids), 6, False, True)
    # A scale that is the table's own comes before the noise, one that the model applies behind it.
    if {{table_scaled}}:
      x = (self).multiplied(rows)
    else:
      x = rows
    # Of all devices at once: TorchScript has no generator of a GPU's own.
    torch.manual_seed(int(seed))
    noise = torch.uniform_(torch.empty_like(x), -1., 1.)
    y = torch.add_(x, torch.mul_(noise, bounds))
    if {{table_scaled}}:
      noisy = y
    else:
      noisy = (self).multiplied(y)
    return torch.type_as(noisy, like)

  # Adds the gradient of the table to sum: [V, hidden], float32. In place, since another of that size may not fit.
  def embed_vjp(self: __torch__.K, sum: Tensor, ids: Tensor, gx: Tensor) -> Tensor:
    rows = torch.reshape((self).multiplied(torch.to(gx, 6)), [-1, torch.size(sum, 1)])
    index = torch.reshape(ids, [-1])
    if {{padding_token}} >= 0:
      taught = torch.masked_fill_(rows, torch.unsqueeze(torch.eq(index, {{padding_token}}), -1), 0)
    else:
      taught = rows
    # Of each device what adds in one order every time.
    if {{on_gpu}}:
      added = torch.index_put_(sum, annotate(List[Optional[Tensor]], [index]), taught, True)
    else:
      added = torch.index_add_(sum, 0, index, taught)
    return added

  # x's rows at the flat positions [n] of batch * seq, normed: [n, hidden]. x and positions may be on another device than the norm and the head.
  def pick(self: __torch__.K, x: Tensor, weight: Tensor, positions: Tensor) -> Tensor:
    rows = torch.to(torch.index_select(torch.reshape(x, [-1, torch.size(x, -1)]), 0, positions), torch.device("{{device}}"))
    h, _0, = (self).norm(rows, weight)
    return h

  # trained: int64 [2], 1 where wanted: the gradient of x [batch, seq, hidden], of the norm's weight [hidden].
  def pick_vjp(self: __torch__.K, x: Tensor, weight: Tensor, positions: Tensor, trained: Tensor, gh: Tensor) -> List[Tensor]:
    hidden = torch.size(x, -1)
    rows = torch.to(torch.index_select(torch.reshape(x, [-1, hidden]), 0, positions), torch.device("{{device}}"))
    of_x = torch.eq(int(torch.select(trained, 0, 0)), 1)
    of_weight = torch.eq(int(torch.select(trained, 0, 1)), 1)
    of_rows, of_norm, = (self).norm_vjp(gh, rows, (self).scale_of(rows), weight, of_x, of_weight, annotate(List[Tensor], []))
    gradients = annotate(List[Tensor], [])
    if of_x:
      gx = torch.zeros_like(torch.reshape(x, [-1, hidden]))
      there = torch.index_add_(gx, 0, positions, torch.to(of_rows, ops.prim.device(x)))
      _0 = torch.append(gradients, torch.reshape(there, torch.size(x)))
    if of_weight:
      _1 = torch.append(gradients, of_norm)
    return gradients

  # h with values dropped at random and the others scaled up (Srivastava et al. 2014); which ones follows from seed, int64 [] on the CPU, below 0 for none.
  def dropped(self: __torch__.K, h: Tensor, seed: Tensor) -> Tensor:
    if torch.ge(int(seed), 0):
      torch.manual_seed(int(seed))
      mask = torch.bernoulli_(torch.empty_like(h), {{kept_share}})
      y = torch.mul(h, torch.div_(mask, {{kept_share}}))
    else:
      y = h
    return y

  # The adapter's inner values: scale * dropped(h) a' for a [rank, hidden] (Hu et al. 2021).
  def inner(self: __torch__.K, h: Tensor, a: Tensor, seed: Tensor) -> Tensor:
    return torch.mul(torch.linear((self).dropped(h, seed), torch.type_as(a, h)), {{adapter_scale}})

  # g: the gradient of inner; gh: that of h by the weight. The gradients of h and of a (float32).
  def inner_vjp(self: __torch__.K, h: Tensor, a: Tensor, seed: Tensor, g: Tensor, gh: Tensor) -> List[Tensor]:
    h1 = torch.requires_grad_(torch.detach(h), True)
    a1 = torch.requires_grad_(torch.detach(a), True)
    found = torch.grad([(self).inner(h1, a1, seed)], [h1, a1], annotate(List[Optional[Tensor]], [g]), None, False, False)
    return [torch.add(gh, unchecked_cast(Tensor, found[0])), torch.to(unchecked_cast(Tensor, found[1]), 6)]

  # The head in h's dtype.
  def converted(self: __torch__.K, h: Tensor, head: List[Tensor]) -> List[Tensor]:
    found = annotate(List[Tensor], [])
    for i in range(torch.len(head)):
      _0 = torch.append(found, torch.type_as(head[i], h))
    return found

  # The logits [count, V] of rows start to start + count, float32; head in h's dtype.
  def logits_of(self: __torch__.K, h: Tensor, head: List[Tensor], start: int, count: int) -> Tensor:
    z = torch.linear(torch.narrow(h, 0, start, count), head[0])
    if torch.gt(torch.len(head), 1):
      z1 = torch.addmm_(z, torch.narrow(head[1], 0, start, count), torch.t(head[2]))
    else:
      z1 = z
    return (self).capped(torch.to(z1, 6))

  # Logits as the model means them of what the head gives: divided, and capped by cap * tanh(z / cap) (Bello et al. 2016).
  def capped(self: __torch__.K, z: Tensor) -> Tensor:
    if {{logit_divisor}} != 1.:
      divided = torch.div(z, {{logit_divisor}})
    else:
      divided = z
    if {{logit_cap}} > 0.:
      y = torch.mul(torch.tanh(torch.div(divided, {{logit_cap}})), {{logit_cap}})
    else:
      y = divided
    return y

  # The derivative of capped by what was divided, [count, V], of its result z; without a cap z itself, which nobody looks at.
  def slope_of_cap(self: __torch__.K, z: Tensor) -> Tensor:
    if {{logit_cap}} > 0.:
      share = torch.div(z, {{logit_cap}})
      slope = torch.add_(torch.neg_(torch.mul_(share, share)), 1.)
    else:
      slope = z
    return slope

  # The gradient of what the head gives, in place, of that of the logits.
  def uncapped_(self: __torch__.K, gz: Tensor, slope: Tensor) -> Tensor:
    if {{logit_cap}} > 0.:
      g = torch.mul_(gz, slope)
    else:
      g = gz
    if {{logit_divisor}} != 1.:
      g1 = torch.div_(g, {{logit_divisor}})
    else:
      g1 = g
    return g1

  # h [n, hidden] -> [n, V] in float32. For small n.
  def logits(self: __torch__.K, h: Tensor, head: List[Tensor]) -> Tensor:
    return (self).logits_of(h, (self).converted(h, head), 0, torch.size(h, 0))

  # What else is said of a chunk's logits z [count, V]; norm: their log-sum-exp, [count]. wanted: int64 [2], 1 where wanted: the mean of a row's logits, to
  # be appended to means; the logarithm of the sum of its squared probabilities, to be appended to squares. Both [count].
  def say_more(self: __torch__.K, z: Tensor, norm: Tensor, wanted: Tensor, means: List[Tensor], squares: List[Tensor]) -> int:
    if torch.eq(int(torch.select(wanted, 0, 0)), 1):
      _0 = torch.append(means, torch.mean(z, [-1]))
    if torch.eq(int(torch.select(wanted, 0, 1)), 1):
      _1 = torch.append(squares, torch.sub(torch.logsumexp(torch.mul(z, 2), [-1]), torch.mul(norm, 2)))
    return 0

  # Appends to found what say_more said of all chunks.
  def more(self: __torch__.K, found: List[Tensor], means: List[Tensor], squares: List[Tensor]) -> List[Tensor]:
    if torch.gt(torch.len(means), 0):
      _0 = torch.append(found, torch.cat(means))
    if torch.gt(torch.len(squares), 0):
      _1 = torch.append(found, torch.cat(squares))
    return found

  # h [n, hidden], targets [n] -> the targets' log-probabilities and the logits' log-sum-exp, then what else is wanted as in say_more, all [n] float32.
  def log_probs(self: __torch__.K, h: Tensor, head: List[Tensor], targets: Tensor, wanted: Tensor) -> List[Tensor]:
    w = (self).converted(h, head)
    found = annotate(List[Tensor], [])
    norms = annotate(List[Tensor], [])
    means = annotate(List[Tensor], [])
    squares = annotate(List[Tensor], [])
    n = torch.size(h, 0)
    chunks = torch.floordiv(torch.add(n, torch.sub({{chunk_tokens}}, 1)), {{chunk_tokens}})
    for i in range(chunks):
      start = torch.mul(i, {{chunk_tokens}})
      count = ops.prim.min({{chunk_tokens}}, torch.sub(n, start))
      z = (self).logits_of(h, w, start, count)
      t = torch.unsqueeze(torch.narrow(targets, 0, start, count), -1)
      norm = torch.logsumexp(z, [-1])
      _0 = torch.append(norms, norm)
      _1 = torch.append(found, torch.sub(torch.squeeze(torch.gather(z, 1, t), -1), norm))
      _2 = (self).say_more(z, norm, wanted, means, squares)
    return (self).more([torch.cat(found), torch.cat(norms)], means, squares)

  # How many tokens make a group: a frozen head has nothing of more of them than of a chunk. The products of a trained one are the same whether its gradient is
  # wanted at once or later.
  def group_tokens(self: __torch__.K, trained: Tensor) -> int:
    if torch.eq(int(torch.select(trained, 0, 3)), 1):
      tokens = {{group_tokens}}
    else:
      tokens = {{chunk_tokens}}
    return tokens

  # Into gz, what is known of the gradients of a group's logits [of group, V] in h's dtype, those of a chunk, float32 [count, V], from row offset on. A group that is
  # one chunk is these.
  def place(self: __torch__.K, gz: List[Tensor], of_chunk: Tensor, h: Tensor, offset: int, of_group: int) -> int:
    if torch.eq(torch.size(of_chunk, 0), of_group):
      _0 = torch.append(gz, torch.type_as(of_chunk, h))
    else:
      if torch.eq(torch.len(gz), 0):
        _1 = torch.append(gz, torch.empty([of_group, torch.size(of_chunk, 1)], dtype=ops.prim.dtype(h), layout=None, device=torch.device("{{device}}")))
      _2 = torch.copy_(torch.narrow(gz[0], 0, offset, torch.size(of_chunk, 0)), of_chunk)
    return 0

  # The gradients of one group: gz [count, V] in h's dtype, of its logits; w: the head in h's dtype. trained: int64 [4], 1 where wanted: that of h, of the head;
  # whether there is a sum of the head's already; whether it is trained. Appends that of h to parts, and adds that of the head to the sum, float32: of an adapted head that of B, and that
  # of inner is appended to inner_parts. Of 16 bits without a sum the head's is appended to whole, in float32 where
  # other groups are added to it.
  def group_vjp(self: __torch__.K, gz: Tensor, h: Tensor, w: List[Tensor], start: int, trained: Tensor, parts: List[Tensor], inner_parts: List[Tensor], whole: List[Tensor], sum: Tensor) -> int:
    if torch.eq(int(torch.select(trained, 0, 0)), 1):
      _0 = torch.append(parts, torch.matmul(gz, w[0]))
    if torch.eq(int(torch.select(trained, 0, 1)), 1):
      if torch.gt(torch.len(w), 1):
        _1 = torch.append(inner_parts, torch.matmul(gz, w[2]))
        right = w[1]
      else:
        right = h
      rows = torch.narrow(right, 0, start, torch.size(gz, 0))
      if torch.eq(ops.prim.dtype(h), 6):
        _2 = torch.addmm_(sum, torch.t(gz), rows)
      else:
        # Summed in float32 within the product, and rounded once a group.
        of_head = torch.matmul(torch.t(gz), rows)
        if torch.eq(int(torch.select(trained, 0, 2)), 1):
          _3 = torch.add_(sum, of_head)
        else:
          if torch.gt(torch.len(whole), 0):
            _4 = torch.add_(whole[0], of_head)
          else:
            if torch.gt(torch.size(h, 0), torch.size(gz, 0)):
              _5 = torch.append(whole, torch.to(of_head, 6))
            else:
              _6 = torch.append(whole, of_head)
    return 0

  # Appends to found the gradients of h, of inner and of the head, those that are there.
  def gradients(self: __torch__.K, found: List[Tensor], parts: List[Tensor], inner_parts: List[Tensor], whole: List[Tensor]) -> List[Tensor]:
    if torch.gt(torch.len(parts), 0):
      _0 = torch.append(found, torch.cat(parts))
    if torch.gt(torch.len(inner_parts), 0):
      _1 = torch.append(found, torch.cat(inner_parts))
    if torch.gt(torch.len(whole), 0):
      _2 = torch.append(found, whole[0])
    return found

  # What the two below have in common, with their arguments. known: the norms [n] of log_probs; or nothing, then the log-probabilities come out as well, in front.
  def vjp_by_groups(self: __torch__.K, h: Tensor, head: List[Tensor], targets: Tensor, known: List[Tensor], g: Tensor, trained: Tensor, sum: Tensor) -> List[Tensor]:
    w = (self).converted(h, head)
    parts = annotate(List[Tensor], [])
    inner_parts = annotate(List[Tensor], [])
    whole = annotate(List[Tensor], [])
    log_probs = annotate(List[Tensor], [])
    n = torch.size(h, 0)
    most = (self).group_tokens(trained)
    groups = torch.floordiv(torch.add(n, torch.sub(most, 1)), most)
    for j in range(groups):
      first = torch.mul(j, most)
      of_group = ops.prim.min(most, torch.sub(n, first))
      gz = annotate(List[Tensor], [])
      chunks = torch.floordiv(torch.add(of_group, torch.sub({{chunk_tokens}}, 1)), {{chunk_tokens}})
      for i in range(chunks):
        offset = torch.mul(i, {{chunk_tokens}})
        start = torch.add(first, offset)
        count = ops.prim.min({{chunk_tokens}}, torch.sub(of_group, offset))
        gi = torch.unsqueeze(torch.narrow(g, 0, start, count), -1)
        t = torch.unsqueeze(torch.narrow(targets, 0, start, count), -1)
        logits = (self).logits_of(h, w, start, count)
        slope = (self).slope_of_cap(logits)
        if torch.eq(torch.len(known), 0):
          z = torch.log_softmax(logits, -1)
          _0 = torch.append(log_probs, torch.squeeze(torch.gather(z, 1, t), -1))
        else:
          z = torch.sub_(logits, torch.unsqueeze(torch.narrow(known[0], 0, start, count), -1))
        of_chunk = torch.scatter_add_(torch.mul_(torch.exp_(z), torch.neg(gi)), 1, t, gi)
        _1 = (self).place(gz, (self).uncapped_(of_chunk, slope), h, offset, of_group)
      _2 = (self).group_vjp(gz[0], h, w, first, trained, parts, inner_parts, whole, sum)
    found = annotate(List[Tensor], [])
    if torch.eq(torch.len(known), 0):
      _3 = torch.append(found, torch.cat(log_probs))
    return (self).gradients(found, parts, inner_parts, whole)

  # norms [n]: from log_probs; g [n] float32: the gradient of each log-probability; trained: int64 [4], 1 where wanted: the gradient of h
  # [n, hidden], of the head; whether there is a sum; whether the head is trained. The latter is added to sum, float32: its weight's [V, hidden], or B's [V, rank], and inner's [n, rank]
  # is among the results. Of 16 bits and without a sum the weight's is the last result. d log p_t / d z = onehot(t) - softmax(z).
  def log_probs_vjp(self: __torch__.K, h: Tensor, head: List[Tensor], targets: Tensor, norms: Tensor, g: Tensor, trained: Tensor, sum: Tensor) -> List[Tensor]:
    return (self).vjp_by_groups(h, head, targets, [norms], g, trained, sum)

  # log_probs and log_probs_vjp in one, with each chunk's logits computed once, where every log-probability has the same gradient, slope
  # (float64 []): the log-probabilities [n], then the gradients as there.
  def log_probs_and_vjp(self: __torch__.K, h: Tensor, head: List[Tensor], targets: Tensor, slope: Tensor, trained: Tensor, sum: Tensor) -> List[Tensor]:
    g = torch.full([torch.size(h, 0)], float(slope), dtype=6, device=torch.device("{{device}}"))
    return (self).vjp_by_groups(h, head, targets, annotate(List[Tensor], []), g, trained, sum)

  # For a frozen head, with each chunk's logits computed once: log_probs, what else is wanted as in say_more, and the gradient of h [n, hidden] as it
  # would be if that of each log-probability were 1. A row's true one is that times its log-probability's, which may be known only when all of these are.
  def log_probs_and_unit(self: __torch__.K, h: Tensor, head: List[Tensor], targets: Tensor, wanted: Tensor) -> List[Tensor]:
    w = (self).converted(h, head)
    found = annotate(List[Tensor], [])
    parts = annotate(List[Tensor], [])
    means = annotate(List[Tensor], [])
    squares = annotate(List[Tensor], [])
    n = torch.size(h, 0)
    chunks = torch.floordiv(torch.add(n, torch.sub({{chunk_tokens}}, 1)), {{chunk_tokens}})
    for i in range(chunks):
      start = torch.mul(i, {{chunk_tokens}})
      count = ops.prim.min({{chunk_tokens}}, torch.sub(n, start))
      z = (self).logits_of(h, w, start, count)
      t = torch.unsqueeze(torch.narrow(targets, 0, start, count), -1)
      norm = torch.logsumexp(z, [-1])
      _0 = torch.append(found, torch.sub(torch.squeeze(torch.gather(z, 1, t), -1), norm))
      _1 = (self).say_more(z, norm, wanted, means, squares)
      slope = (self).slope_of_cap(z)
      p = torch.exp_(torch.sub_(z, torch.unsqueeze(norm, -1)))
      gz = torch.scatter_add_(torch.neg_(p), 1, t, torch.ones([count, 1], dtype=6, device=torch.device("{{device}}")))
      _2 = torch.append(parts, torch.matmul(torch.type_as((self).uncapped_(gz, slope), h), w[0]))
    all = (self).more([torch.cat(found)], means, squares)
    _3 = torch.append(all, torch.cat(parts))
    return all

  # The gradient of h: unit [n, hidden] as log_probs_and_unit found it, g [n] float32 that of the log-probabilities. In place.
  def scaled(self: __torch__.K, unit: Tensor, g: Tensor) -> Tensor:
    return torch.mul_(unit, torch.type_as(torch.unsqueeze(g, -1), unit))
