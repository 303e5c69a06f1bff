package dev.polyphase.weights;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Some rows of a tensor: parts of its first dimension, in order, none empty and no two touching.
 *
 * @param ranges at least one
 */
public record RowRanges(List<Range> ranges) {

  public RowRanges {
    List<Range> merged = new ArrayList<>();
    for (Range range : ranges.stream().sorted(Comparator.comparingLong(Range::start)).toList()) {
      int last = merged.size() - 1;
      if (last >= 0 && range.start() <= merged.get(last).end()) {
        merged.set(
            last,
            new Range(merged.get(last).start(), Math.max(merged.get(last).end(), range.end())));
      } else {
        merged.add(range);
      }
    }
    if (merged.isEmpty()) {
      throw new IllegalArgumentException("no rows");
    }
    ranges = List.copyOf(merged);
  }

  /**
   * Rows that follow each other.
   *
   * @param start the first row
   * @param end the row after the last
   */
  public record Range(long start, long end) {
    public Range {
      if (start < 0 || start >= end) {
        throw new IllegalArgumentException("rows " + start + ":" + end);
      }
    }

    public long rows() {
      return end - start;
    }
  }

  /** These rows and others. */
  public RowRanges with(RowRanges others) {
    return new RowRanges(Stream.concat(ranges.stream(), others.ranges.stream()).toList());
  }

  /** How many rows these are. */
  public long rows() {
    return ranges.stream().mapToLong(Range::rows).sum();
  }
}
