  # ---- Attention (Vaswani et al. 2017), causal, with or without a window, within documents and the prefixes that they follow.
  # Within scores: q [batch, heads, seq, head_dim]; k, v [batch, kv_heads, seq, head_dim], or as many as queries where they are repeated.

  # Whether so many tokens are more than the window, if there is one.
  def windowed(self: __torch__.K, seq: int) -> bool:
    return torch.__and__(torch.gt({{window}}, 0), torch.gt(seq, {{window}}))

  # Which keys each query sees: [queries, keys], where the last of both are the same token's.
  def seen(self: __torch__.K, queries: int, keys: int) -> Tensor:
    ones = torch.ones([queries, keys], dtype=11, device=torch.device("{{device}}"))
    before = torch.sub(keys, queries)
    if (self).windowed(keys):
      mask = torch.tril(torch.triu(ones, torch.sub(torch.add(before, 1), {{window}})), before)
    else:
      mask = torch.tril(ones, before)
    return mask

  # Of each document its tokens (0), which document begins with its prefix (1), or the prefix's tokens (2): int64 [n] on the CPU.
  def numbers(self: __torch__.K, documents: List[Tensor], which: int) -> Tensor:
    return torch.select(torch.reshape(documents[0], [-1, 3]), 1, which)

  # x, any of q, k and v: that of each document, tokens being dimension dim.
  def split_documents(self: __torch__.K, x: Tensor, documents: List[Tensor], dim: int) -> List[Tensor]:
    tokens = (self).numbers(documents, 0)
    lengths = annotate(List[int], [])
    for i in range(torch.size(tokens, 0)):
      _0 = torch.append(lengths, int(torch.select(tokens, 0, i)))
    return torch.split_with_sizes(x, lengths, dim)

  # x, keys or values: for each document its prefix's, if it has one, and then its own. The gradient of a prefix is the sum over all that see it.
  def behind_prefixes(self: __torch__.K, x: Tensor, documents: List[Tensor], dim: int) -> List[Tensor]:
    own = (self).split_documents(x, documents, dim)
    begun = (self).numbers(documents, 1)
    prefixes = (self).numbers(documents, 2)
    parts = annotate(List[Tensor], [])
    for i in range(torch.len(own)):
      prefix = int(torch.select(prefixes, 0, i))
      if torch.gt(prefix, 0):
        # Cut out of its document, not of the row: its gradient is filled up with zeros to what it was cut out of.
        first = torch.narrow(own[int(torch.select(begun, 0, i))], dim, 0, prefix)
        _0 = torch.append(parts, torch.cat([first, own[i]], dim))
      else:
        _1 = torch.append(parts, own[i])
    return parts

  # The same in one call of flash attention (Dao 2023), which knows documents, windows and grouped queries: no mask, no call for each document.
  def attend_flash(self: __torch__.K, q: Tensor, k: Tensor, v: Tensor, documents: List[Tensor]) -> Tensor:
    if torch.gt({{window}}, 0):
      left = annotate(Optional[int], torch.sub({{window}}, 1))
    else:
      left = annotate(Optional[int], None)
    # [batch, seq, heads, head_dim]
    qt = torch.transpose(q, 1, 2)
    kt = torch.transpose(k, 1, 2)
    vt = torch.transpose(v, 1, 2)
    tokens = (self).numbers(documents, 0)
    if torch.gt(torch.size(tokens, 0), 1):
      prefixes = (self).numbers(documents, 2)
      longest = int(torch.max(tokens))
      starts = documents[1]
      if torch.gt(int(torch.max(prefixes)), 0):
        # Keys and values lie in documents of their own lengths, prefixes counted. Causality and window are then reckoned from the last query and the
        # last key of a document backwards, which are the same token's.
        kd = torch.cat((self).behind_prefixes(kt, documents, 1), 1)
        vd = torch.cat((self).behind_prefixes(vt, documents, 1), 1)
        longest_seen = int(torch.max(torch.add(tokens, prefixes)))
        starts_seen = documents[2]
      else:
        kd = kt
        vd = vt
        longest_seen = longest
        starts_seen = starts
      y, _0, _1, _2, _3, = torch._flash_attention_forward(torch.flatten(qt, 0, 1), torch.flatten(kd, 0, 1), torch.flatten(vd, 0, 1), starts, starts_seen, longest, longest_seen, 0., True, False, scale={{scale}}, window_size_left=left, window_size_right=0)
      y1 = torch.unsqueeze(y, 0)
    else:
      seq = torch.size(q, 2)
      y1, _4, _5, _6, _7, = torch._flash_attention_forward(qt, kt, vt, None, None, seq, seq, 0., True, False, scale={{scale}}, window_size_left=left, window_size_right=0)
    return torch.transpose(y1, 1, 2)

  # Document by document: the cost is the sum of theirs, and no mask of the whole row is needed.
  def attend_within(self: __torch__.K, q: Tensor, k: Tensor, v: Tensor, documents: List[Tensor], w: List[Tensor]) -> Tensor:
    n = torch.size((self).numbers(documents, 0), 0)
    special = torch.__or__(torch.gt(n, 1), (self).windowed(torch.size(q, 2)))
    if torch.__and__(torch.__and__({{flash}}, special), torch.ne(ops.prim.dtype(q), 6)):
      y = (self).attend_flash(q, k, v, documents)
    else:
      if torch.gt(n, 1):
        qs = (self).split_documents(q, documents, 2)
        ks = (self).behind_prefixes(k, documents, 2)
        vs = (self).behind_prefixes(v, documents, 2)
        parts = annotate(List[Tensor], [])
        for i in range(n):
          # The fused kernels' own layout: heads next to each other.
          _0 = torch.append(parts, torch.transpose((self).attend(qs[i], ks[i], vs[i], w), 1, 2))
        y = torch.transpose(torch.cat(parts, 1), 1, 2)
      else:
        y = (self).attend(q, k, v, w)
    return y

  # x [batch, seq, width] -> [batch, seq, parts, width / parts]
  def split_heads(self: __torch__.K, x: Tensor, parts: int) -> Tensor:
    return torch.reshape(x, [torch.size(x, 0), torch.size(x, 1), parts, -1])

  # Of which there is a gradient: queries, keys and values as the projections give them, and as scores take them.
  def wanted_of_heads(self: __torch__.K, trained: List[int], of_h: bool) -> Tuple[bool, bool, bool, bool, bool]:
    q, k, v, = (self).trains_queries_keys_values(trained)
    q_norm, k_norm, = (self).trains_heads(trained)
    q1 = torch.__or__(q, of_h)
    k1 = torch.__or__(k, of_h)
    return (q1, k1, torch.__or__(v, of_h), torch.__or__(q1, q_norm), torch.__or__(k1, k_norm))

  # Whether any gradient of attention's own is wanted.
  def trains_attention(self: __torch__.K, trained: List[int]) -> bool:
    return torch.__or__((self).trains_within(trained, False), (self).trains_projection(trained, {{o_proj}}))

  # Whether a gradient goes through the scores.
  def trains_within(self: __torch__.K, trained: List[int], of_h: bool) -> bool:
    q0, k0, v, q, k, = (self).wanted_of_heads(trained, of_h)
    return torch.__or__(torch.__or__(q, k), torch.__or__(v, (self).trains(trained, {{sinks}})))

  # x [batch, seq, kv_heads, head_dim] -> each as often as heads share it, where scores are computed so.
  def repeated(self: __torch__.K, x: Tensor) -> Tensor:
    y = x
    if (self).repeats(ops.prim.dtype(x)):
      y = torch.repeat_interleave(x, {{heads_per_group}}, 2)
    return y

  def repeated_vjp(self: __torch__.K, g: Tensor) -> Tensor:
    gx = g
    if (self).repeats(ops.prim.dtype(g)):
      # [batch, seq, kv_heads, heads of a group, head_dim]
      gx = torch.sum(torch.reshape(g, [torch.size(g, 0), torch.size(g, 1), {{kv_heads}}, {{heads_per_group}}, {{head_dim}}]), [3])
    return gx

  # q, k, v [batch, seq, heads, head_dim]: what tokens take from each other, [batch, seq, heads * head_dim], by autograd where a gradient goes through.
  def attended(self: __torch__.K, q: Tensor, k: Tensor, v: Tensor, documents: List[Tensor], w: List[Tensor], trained: List[int], of_h: bool, kept: List[Tensor]) -> Tensor:
    of_q0, of_k0, of_v, of_q, of_k, = (self).wanted_of_heads(trained, of_h)
    of_sinks = (self).trains(trained, {{sinks}})
    w1 = w
    q1 = torch.requires_grad_(torch.detach(q), of_q)
    k1 = torch.requires_grad_(torch.detach(k), of_k)
    v1 = torch.requires_grad_(torch.detach(v), of_v)
    if of_sinks:
      w1 = torch.slice(w, 0, torch.len(w), 1)
      _0 = torch._set_item(w1, {{sinks}}, torch.requires_grad_(torch.detach(w[{{sinks}}]), True))
      _1 = torch.append(kept, w1[{{sinks}}])
    y = torch.transpose((self).attend_within(torch.transpose(q1, 1, 2), torch.transpose(k1, 1, 2), torch.transpose(v1, 1, 2), documents, w1), 1, 2)
    if (self).trains_within(trained, of_h):
      if of_q:
        _2 = torch.append(kept, q1)
      if of_k:
        _3 = torch.append(kept, k1)
      if of_v:
        _4 = torch.append(kept, v1)
      _5 = torch.append(kept, y)
    else:
      if (self).reads(trained, {{o_proj}}):
        _6 = torch.append(kept, y)
    return torch.flatten(torch.detach(y), 2, 3)

  # x, the result [batch, seq, hidden]
  def attention(self: __torch__.K, x: Tensor, positions: List[Tensor], documents: List[Tensor], w: List[Tensor], trained: List[int], wanted: bool, kept: List[Tensor]) -> Tensor:
    of_q0, of_k0, of_v, of_q, of_k, = (self).wanted_of_heads(trained, wanted)
    q0, k0, v, = (self).queries_keys_values(x, w)
    q, k, = (self).heads(q0, k0, w, of_q, of_k, kept)
    q1, k1, = (self).turn(q, k, positions)
    v1 = (self).split_heads(v, {{kv_heads}})
    return (self).project((self).attended(q1, (self).repeated(k1), (self).repeated(v1), documents, w, trained, wanted, kept), w, {{o_proj}})

  # g: the gradient of the result; x as it was, where attention_reads says so. That of x, if it is wanted, else g.
  def attention_vjp(self: __torch__.K, g: Tensor, x: Tensor, positions: List[Tensor], w: List[Tensor], trained: List[int], wanted: bool, kept: List[Tensor], found: List[Optional[Tensor]]) -> Tensor:
    of_q0, of_k0, of_v, of_q, of_k, = (self).wanted_of_heads(trained, wanted)
    within = (self).trains_within(trained, wanted)
    y = g
    if torch.__or__(within, (self).reads(trained, {{o_proj}})):
      y = torch.pop(kept, -1)
    gys = annotate(List[Tensor], [])
    _0 = (self).project_vjp(g, torch.flatten(torch.detach(y), -2, -1), trained, within, gys, found, w, {{o_proj}})
    gx = g
    if within:
      leaves = annotate(List[Tensor], [])
      # Values, keys, queries, sinks.
      there = [of_v, of_k, of_q, (self).trains(trained, {{sinks}})]
      for i in range(4):
        if there[i]:
          _1 = torch.append(leaves, torch.pop(kept, -1))
      gradients = (self).within_vjp(y, torch.reshape(gys[0], torch.size(y)), leaves)
      gq = g
      gk = g
      gv = g
      if (self).trains(trained, {{sinks}}):
        _2 = torch._set_item(found, {{sinks}}, torch.pop(gradients, -1))
      if of_q:
        gq = torch.pop(gradients, -1)
      if of_k:
        gk = (self).repeated_vjp(torch.pop(gradients, -1))
      if of_v:
        gv = (self).repeated_vjp(torch.pop(gradients, -1))
      gq1, gk1, = (self).turn_vjp(gq, gk, of_q, of_k, positions)
      gq2, gk2, = (self).heads_vjp(gq1, gk1, w, trained, of_q, of_k, of_q0, of_k0, kept, found)
      gxs = (self).queries_keys_values_vjp((self).merged(gq2), (self).merged(gk2), (self).merged(gv), of_q0, of_k0, of_v, x, w, trained, wanted, found)
      if wanted:
        gx = torch.reshape(gxs[0], torch.size(g))
    return gx

  # x [batch, seq, ...] -> [batch, seq, width]
  def merged(self: __torch__.K, x: Tensor) -> Tensor:
    return torch.flatten(x, 2, -1)

  # The gradients of leaves; y's graph is freed.
  def within_vjp(self: __torch__.K, y: Tensor, gy: Tensor, leaves: List[Tensor]) -> List[Tensor]:
    found = torch.grad([y], leaves, annotate(List[Optional[Tensor]], [gy]), None, False, False)
    gradients = annotate(List[Tensor], [])
    for i in range(torch.len(found)):
      _0 = torch.append(gradients, unchecked_cast(Tensor, found[i]))
    return gradients
