package dev.polyphase.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.weights.Binary16;
import dev.polyphase.weights.TensorInfo;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is rounded by chance, against the two values of a format that lie around another. */
class RoundingRuleTest {
  private static final RoundingRule RULE = new RoundingRule.Stochastic(42, "a.weight");

  /** Of a count with that expectation, in the standard deviations of independent choices. */
  private static final double SURELY = 5;

  @TempDir Path folder;
  private NDManager manager;
  private TensorStore store;

  @BeforeEach
  void open() {
    manager = Libtorch.newManager("cpu");
    store = new TensorStore(manager);
  }

  @AfterEach
  void close() {
    store.close();
    manager.close();
  }

  /** Values of all sizes, of which those of float16 reach to 65,504 and below 2^-24. */
  @ParameterizedTest
  @EnumSource(names = {"BFLOAT16", "FLOAT16"})
  void eachValueGoesToOneOfTheTwoAroundItAndAllTogetherNowhere(Precision precision)
      throws IOException {
    Random random = new Random(7);
    int least = precision == Precision.FLOAT16 ? -28 : -149;
    float[] values = new float[600_000];
    for (int i = 0; i < values.length; i++) {
      float size = Math.scalb(1f, least + random.nextInt(15 - least));
      values[i] = (random.nextFloat() * 2 - 1) * size;
    }

    float[] found = written(values, precision, RULE);

    double distance = 0;
    double variance = 0;
    for (int i = 0; i < values.length; i++) {
      double below = below(Math.abs(values[i]), precision);
      double spacing = spacing(Math.abs(values[i]), precision);
      double chance = (Math.abs(values[i]) - below) / spacing;
      double magnitude = Math.abs(found[i]);
      assertThat(magnitude).as("%a", values[i]).isIn(below, chance == 0 ? below : below + spacing);
      assertThat(Math.copySign(1, found[i])).isEqualTo(Math.copySign(1, values[i]));
      distance += (magnitude - Math.abs(values[i])) / spacing;
      variance += chance * (1 - chance);
    }
    assertThat(variance).isGreaterThan(values.length / 10.0);
    assertThat(distance).isCloseTo(0, within(SURELY * Math.sqrt(variance)));
  }

  /** 1 and the value above it, by the fraction of the way; one of a subnormal, one negative. */
  @ParameterizedTest
  @CsvSource({
    "BFLOAT16, 0x1p0, 0.5",
    "BFLOAT16, 0x1p0, 0.3333",
    "BFLOAT16, 0x1p0, 0.001",
    "BFLOAT16, -0x1.8p-3, 0.9",
    "BFLOAT16, 0x1p-131, 0.25",
    "FLOAT16, 0x1p0, 0.5",
    "FLOAT16, 0x1p0, 0.001",
    "FLOAT16, -0x1.8p-3, 0.9",
    "FLOAT16, 0x1p-22, 0.25"
  })
  void theMeanIsTheValue(Precision precision, String start, double fraction) throws IOException {
    float lower = Float.parseFloat(start);
    float value =
        (float) (lower + Math.signum(lower) * fraction * spacing(Math.abs(lower), precision));
    double chance = (Math.abs(value) - Math.abs(lower)) / spacing(Math.abs(lower), precision);
    assertThat(chance).isCloseTo(fraction, within(1e-2));
    float[] values = new float[1_000_000];
    Arrays.fill(values, value);

    float[] found = written(values, precision, RULE);

    double up = 0;
    for (float each : found) {
      up += each == lower ? 0 : 1;
    }
    double deviation = Math.sqrt(values.length * chance * (1 - chance));
    assertThat(up).isCloseTo(values.length * chance, within(SURELY * deviation));
  }

  /** Half of all go up, and of those at any distance from each other as many both ways. */
  @Test
  void choicesOfDifferentPlacesAndNamesHaveNothingToDoWithEachOther() throws IOException {
    float[] values = new float[1_000_000];
    Arrays.fill(values, 1 + 0x1p-8f);
    float[] found = written(values, Precision.BFLOAT16, RULE);
    for (int distance : new int[] {1, 2, 3, 64, 1000, 4096, 1 << 18}) {
      assertHalfAreAlike(
          Arrays.copyOf(found, found.length - distance),
          Arrays.copyOfRange(found, distance, found.length));
    }
    List<RoundingRule> others =
        List.of(
            new RoundingRule.Stochastic(43, "a.weight"),
            new RoundingRule.Stochastic(42, "b.weight"));
    for (RoundingRule other : others) {
      assertHalfAreAlike(found, written(values, Precision.BFLOAT16, other));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BFLOAT16", "FLOAT16"})
  void whatIsHeldExactlyStays(Precision precision) throws IOException {
    float[] values = new float[1 << 16];
    for (int pattern = 0; pattern < values.length; pattern++) {
      values[pattern] =
          precision == Precision.BFLOAT16
              ? Float.intBitsToFloat(pattern << 16)
              : Binary16.toFloat((short) pattern);
    }
    float[] found = written(values, precision, RULE);
    for (int pattern = 0; pattern < values.length; pattern++) {
      // As objects: then NaN equals NaN, and 0 and -0 differ.
      assertThat(found[pattern]).as("%04x", pattern).isEqualTo(Float.valueOf(values[pattern]));
    }
    assertThat(written(values, Precision.FLOAT32, RoundingRule.NEAREST)).isEqualTo(values);
  }

  @ParameterizedTest
  @EnumSource(names = {"BFLOAT16", "FLOAT16"})
  void nanStaysNan(Precision precision) throws IOException {
    float[] values = new float[100_000];
    Arrays.fill(values, Float.intBitsToFloat(0x7f80ffff));
    for (float found : written(values, precision, RULE)) {
      assertThat(found).isNaN();
    }
  }

  /** More values than are rounded at a time, by any number of threads, from memory of any order. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void theSameBytesEachTime(int threads) throws IOException {
    Random random = new Random(3);
    int columns = 701;
    int rows = 1201;
    float[] values = new float[rows * columns];
    float[] turned = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
      turned[i % columns * rows + i / columns] = values[i];
    }
    byte[] expected = bytes(manager.create(values, new Shape(rows, columns)), RULE);
    int before = Libtorch.threads();
    Libtorch.useThreads(threads);
    try {
      NDArray transposed = manager.create(turned, new Shape(columns, rows)).transpose();
      assertThat(bytes(transposed, RULE)).isEqualTo(expected);
      int some = 300_001;
      assertThat(bytes(manager.create(Arrays.copyOf(values, some)), RULE))
          .as("the first values alone")
          .isEqualTo(Arrays.copyOf(expected, 2 * some));
    } finally {
      Libtorch.useThreads(before);
    }
  }

  @Test
  void placesBeyondThirtyTwoBitsHaveOtherKeys() {
    RoundingRule.Stochastic rule = new RoundingRule.Stochastic(-1, "a");
    long[] first = rule.keys(0);
    assertThat(first[0] % 2).isNotZero();
    long[] later = rule.keys(3_000_000_000L);
    // Modulo 2^32, as in kernels.
    assertThat(later[0]).isEqualTo(first[0]);
    assertThat((later[1] - first[1] - first[0] * 3_000_000_000L) % (1L << 32)).isZero();
    assertThat(rule.keys(1L << 32)[0]).isNotEqualTo(first[0]);
    for (long key : List.of(first[0], first[1], later[1])) {
      assertThat(key).isBetween((long) Integer.MIN_VALUE, (long) Integer.MAX_VALUE);
    }
  }

  @Test
  void tensorsAtRestAreRoundedAsArraysAre() throws IOException {
    float[] values = {1.001f, 2.002f, 3.003f, -4.004f, 5.005f, 6.006f};
    TensorInfo tensor =
        new HandMadeTensors()
            .float32("a.weight", List.of(2L, 3L), values)
            .writeTo(folder)
            .tensors()
            .get(0);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    store.toWrite(tensor, Precision.BFLOAT16, RULE).bytes().writeTo(Channels.newChannel(bytes));

    assertThat(bytes.toByteArray()).isEqualTo(bytes(manager.create(values), RULE));
  }

  @Test
  void whatIsCountedAsChangedIsWhatIsWritten() throws IOException {
    int count = 300_000;
    float[] before = new float[count];
    float[] after = new float[count];
    Random random = new Random(11);
    for (int i = 0; i < count; i++) {
      before[i] = (float) random.nextGaussian();
      after[i] = i % 2 == 0 ? before[i] : before[i] * (1 + 0x1p-11f);
    }
    TensorInfo tensor =
        new HandMadeTensors()
            .float32("a.weight", List.of((long) count), before)
            .writeTo(folder)
            .tensors()
            .get(0);
    float[] written = written(after, Precision.BFLOAT16, RULE);
    float[] untrained = written(before, Precision.BFLOAT16, RULE);
    long expected = 0;
    for (int i = 0; i < count; i++) {
      expected += written[i] == untrained[i] ? 0 : 1;
    }
    assertThat(expected).isBetween(count / 100L, count / 2L);

    assertThat(store.countChanged(manager.create(after), tensor, Precision.BFLOAT16, RULE))
        .isEqualTo(expected);
    assertThat(store.countChanged(manager.create(before), tensor, Precision.BFLOAT16, RULE))
        .isZero();
  }

  private static void assertHalfAreAlike(float[] some, float[] others) {
    double alike = 0;
    for (int i = 0; i < some.length; i++) {
      alike += some[i] == others[i] ? 1 : 0;
    }
    double half = some.length / 2.0;
    assertThat(alike).isCloseTo(half, within(SURELY * Math.sqrt(half / 2)));
  }

  /** The distance from a magnitude's lower neighbour to its upper one. */
  private static double spacing(double magnitude, Precision precision) {
    boolean half = precision == Precision.FLOAT16;
    int exponent = magnitude == 0 ? -1000 : Math.getExponent(magnitude);
    return Math.scalb(1.0, Math.max(exponent, half ? -14 : -126) - (half ? 10 : 7));
  }

  private static double below(double magnitude, Precision precision) {
    double spacing = spacing(magnitude, precision);
    return Math.floor(magnitude / spacing) * spacing;
  }

  private float[] written(float[] values, Precision precision, RoundingRule rule)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (NDArray array = manager.create(values)) {
      store.toWrite(array, precision, rule).bytes().writeTo(Channels.newChannel(bytes));
    }
    ByteBuffer found = ByteBuffer.wrap(bytes.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
    float[] written = new float[values.length];
    for (int i = 0; i < written.length; i++) {
      written[i] = precision.read(found);
    }
    assertThat(found.hasRemaining()).isFalse();
    return written;
  }

  /** In bfloat16. */
  private byte[] bytes(NDArray values, RoundingRule rule) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    store.toWrite(values, Precision.BFLOAT16, rule).bytes().writeTo(Channels.newChannel(bytes));
    return bytes.toByteArray();
  }
}
