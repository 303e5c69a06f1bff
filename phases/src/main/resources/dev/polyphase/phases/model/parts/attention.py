  # ---- Attention (Vaswani et al. 2017), causal, with or without a window, within documents and the prefixes that they follow.
  # q [batch, heads, seq, head_dim]; k, v [batch, kv_heads, seq, head_dim]

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
  def numbers(self: __torch__.K, documents: Tensor, which: int) -> Tensor:
    return torch.select(torch.reshape(documents, [-1, 3]), 1, which)

  # x, any of q, k and v: that of each document, tokens being dimension dim.
  def split_documents(self: __torch__.K, x: Tensor, documents: Tensor, dim: int) -> List[Tensor]:
    tokens = (self).numbers(documents, 0)
    lengths = annotate(List[int], [])
    for i in range(torch.size(tokens, 0)):
      _0 = torch.append(lengths, int(torch.select(tokens, 0, i)))
    return torch.split_with_sizes(x, lengths, dim)

  # x, keys or values: for each document its prefix's, if it has one, and then its own. The gradient of a prefix is the sum over all that see it.
  def behind_prefixes(self: __torch__.K, x: Tensor, documents: Tensor, dim: int) -> List[Tensor]:
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

  # Where documents of these lengths begin and the last ends: int32 [n + 1] on the device.
  def bounds(self: __torch__.K, lengths: Tensor) -> Tensor:
    ends = torch.cat([torch.zeros([1], dtype=4), torch.cumsum(lengths, 0)])
    return torch.to(torch.pin_memory(torch.to(ends, 3)), torch.device("{{device}}"), None, True, False)

  # The same in one call of flash attention (Dao 2023), which knows documents, windows and grouped queries: no mask, no call for each document.
  def attend_flash(self: __torch__.K, q: Tensor, k: Tensor, v: Tensor, documents: Tensor) -> Tensor:
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
      starts = (self).bounds(tokens)
      if torch.gt(int(torch.max(prefixes)), 0):
        # Keys and values lie in documents of their own lengths, prefixes counted. Causality and window are then reckoned from the last query and the
        # last key of a document backwards, which are the same token's.
        kd = torch.cat((self).behind_prefixes(kt, documents, 1), 1)
        vd = torch.cat((self).behind_prefixes(vt, documents, 1), 1)
        seen = torch.add(tokens, prefixes)
        longest_seen = int(torch.max(seen))
        starts_seen = (self).bounds(seen)
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
  def attend_within(self: __torch__.K, q: Tensor, k: Tensor, v: Tensor, documents: Tensor, w: List[Tensor]) -> Tensor:
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

  # x [batch, seq, heads * head_dim] -> [batch, heads, seq, head_dim]
  def split_heads(self: __torch__.K, x: Tensor, heads: int) -> Tensor:
    return torch.transpose(torch.reshape(x, [torch.size(x, 0), torch.size(x, 1), heads, {{head_dim}}]), 1, 2)

  # x, the result [batch, seq, hidden]
  def attention(self: __torch__.K, x: Tensor, positions: List[Tensor], documents: Tensor, w: List[Tensor]) -> Tensor:
    q, k, v, = (self).heads(x, w)
    q1, k1, = (self).turn(q, k, positions)
    y = (self).attend_within(q1, k1, v, documents, w)
    merged = torch.reshape(torch.transpose(y, 1, 2), [torch.size(x, 0), torch.size(x, 1), torch.mul({{heads}}, {{head_dim}})])
    return (self).project(merged, w, {{o_proj}})
