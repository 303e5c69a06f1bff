package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CachedSingularValuesTest {
  private static final List<String> TYPES = List.of("mlp.up_proj");
  private static final byte[] DAMAGE = {1, 2, 3};

  @TempDir Path folder;
  private final List<String> computed = new ArrayList<>();
  private final Set<String> begun = ConcurrentHashMap.newKeySet();
  private final List<String> notes = new ArrayList<>();

  @Test
  void onlyWhatChangedIsComputedAgain() throws IOException {
    Scan first = scan(model("one", 1, 2, 3));
    assertThat(computed).hasSize(3);
    computed.clear();

    Scan second = scan(model("two", 1, 9, 3));

    assertThat(computed).containsExactly("model.layers.1.mlp.up_proj.weight");
    assertThat(second.modules().get(0).spectrum()).isEqualTo(first.modules().get(0).spectrum());
    assertThat(second.modules().get(1).spectrum()).isNotEqualTo(first.modules().get(1).spectrum());
    assertThat(notes).isEmpty();
  }

  @Test
  void theSameBytesInAnotherShapeAreAnotherMatrix() throws IOException {
    float[] values = {1, 2, 3, 4, 5, 7};
    scan(checkpoint("tall", new HandMadeCheckpoint().tensor("mlp.up_proj.weight", values, 3, 2)));
    Scan wide =
        scan(
            checkpoint(
                "wide", new HandMadeCheckpoint().tensor("mlp.up_proj.weight", values, 2, 3)));

    assertThat(computed).hasSize(2);
    assertThat(wide.modules().get(0).spectrum().columns()).isEqualTo(3);
  }

  @Test
  void equalTensorsOfAModelAreComputedOnce() throws IOException {
    scan(model("twins", 4, 4));

    assertThat(computed).hasSize(1);
  }

  @Test
  void onlyWhatIsNewIsBegunAhead() throws IOException {
    scan(model("one", 1, 2));
    begun.clear();

    scan(model("two", 1, 7, 7, 2));

    assertThat(begun).hasSize(1).first().asString().matches("model.layers.[12].mlp.up_proj.weight");
  }

  @Test
  void whatIsDamagedIsComputedAgainAndRepaired() throws IOException {
    Checkpoint model = model("one", 1);
    Scan sound = scan(model);
    Path entry = entries().get(0);
    byte[] bytes = Files.readAllBytes(entry);

    List<byte[]> damages = new ArrayList<>(List.of(new byte[0], new byte[] {1, 2, 3}));
    damages.add(Arrays.copyOf(bytes, bytes.length - 4));
    damages.add(Arrays.copyOf(bytes, bytes.length + 4));
    for (int i = 0; i < bytes.length; i++) {
      byte[] flipped = bytes.clone();
      flipped[i] ^= 1;
      damages.add(flipped);
    }
    for (byte[] damaged : damages) {
      Files.write(entry, damaged);
      computed.clear();

      assertThat(scan(model)).isEqualTo(sound);
      assertThat(computed).hasSize(1);
      assertThat(entry).hasBinaryContent(bytes);
      assertThat(notes).hasSize(1);
      assertThat(notes.get(0)).startsWith(entry + " is damaged or can't be read; ");
      notes.clear();
    }
  }

  @Test
  void anEntryUnderTheNameOfAnotherIsNotBelieved() throws IOException {
    scan(model("one", 1));
    Path first = entries().get(0);
    Path kept = Files.copy(first, folder.resolve("kept"));
    Checkpoint other = model("other", 2);
    scan(other);
    Path second =
        entries().stream().filter(entry -> !entry.equals(first)).findFirst().orElseThrow();
    Files.move(kept, second, StandardCopyOption.REPLACE_EXISTING);
    computed.clear();

    scan(other);

    assertThat(computed).hasSize(1);
  }

  @Test
  void aCacheThatCannotBeWrittenIsToldOnceAndScansGoOn() throws IOException {
    Files.writeString(folder.resolve("cache"), "a file where the folder should be");

    assertThat(scan(model("one", 1, 2)).modules()).hasSize(2);
    assertThat(notes).hasSize(1);
    assertThat(notes.get(0)).contains(folder.resolve("cache").toString());
  }

  @Test
  void anotherCacheIsReadAfterItsOwnAndNotWrittenTo() throws IOException {
    Scan earlier = scan(model("one", 1, 2));
    List<String> shared = names("cache");
    computed.clear();

    Scan later = scanBeside("own", model("two", 1, 9, 2));

    assertThat(computed).containsExactly("model.layers.1.mlp.up_proj.weight");
    assertThat(later.modules().get(0).spectrum()).isEqualTo(earlier.modules().get(0).spectrum());
    assertThat(later.modules().get(2).spectrum()).isEqualTo(earlier.modules().get(1).spectrum());
    assertThat(names("cache")).isEqualTo(shared);
    assertThat(names("own")).hasSize(1).doesNotContainAnyElementsOf(shared);
    assertThat(notes).isEmpty();
    computed.clear();

    assertThat(scanBeside("own", model("three", 1, 9, 2))).isNotNull();
    assertThat(computed).isEmpty();
  }

  @Test
  void whatIsDamagedInAnotherIsComputedAnewAndKeptInItsOwn() throws IOException {
    Checkpoint model = model("one", 1, 2);
    Scan sound = scan(model);
    for (Path entry : entries()) {
      Files.write(entry, DAMAGE);
    }
    computed.clear();

    assertThat(scanBeside("own", model)).isEqualTo(sound);
    assertThat(computed).hasSize(2);
    assertThat(entries()).allSatisfy(entry -> assertThat(entry).hasBinaryContent(DAMAGE));
    assertThat(notes).hasSize(1);
    assertThat(notes.get(0))
        .matches(
            folder.resolve("cache")
                + "/[0-9a-f]{64} is damaged or can't be read; its singular values, and those of any"
                + " other such file beside it, are computed anew");
    computed.clear();
    notes.clear();

    assertThat(scanBeside("own", model)).isEqualTo(sound);
    assertThat(computed).isEmpty();
    assertThat(notes).isEmpty();
  }

  @Test
  void aScanForTheCacheEndsWhereNothingCanBeKept() throws IOException {
    Files.writeString(folder.resolve("cache"), "a file where the folder should be");
    SpectrumCache cache = new SpectrumCache(folder.resolve("cache"));
    Checkpoint model = model("one", 1, 2);

    assertThatThrownBy(cache::requireWritable)
        .isInstanceOf(InputException.class)
        .hasMessageContaining(folder.resolve("cache") + ": this is a file, not a folder");
    try (CachedSingularValues values =
        CachedSingularValues.filling(counting(), cache, notes::add)) {
      assertThatThrownBy(() -> scan(model, values)).isInstanceOf(IOException.class);
    }
    assertThat(computed).hasSize(1);
    assertThat(notes).isEmpty();
  }

  @Test
  void countsWhatItComputed() throws IOException {
    Checkpoint model = model("one", 1, 2, 1);
    SpectrumCache cache = new SpectrumCache(folder.resolve("cache"));
    for (int expected : List.of(2, 0)) {
      try (CachedSingularValues values =
          CachedSingularValues.filling(counting(), cache, notes::add)) {
        assertThat(scan(model, values).modules()).hasSize(3);
        assertThat(values.computed()).isEqualTo(expected);
      }
    }
  }

  private Scan scan(Checkpoint checkpoint) throws IOException {
    SpectrumCache cache = new SpectrumCache(folder.resolve("cache"));
    try (SingularValues values = new CachedSingularValues(counting(), cache, notes::add)) {
      return scan(checkpoint, values);
    }
  }

  /** With a cache of its own, beside the one of {@link #scan(Checkpoint)}. */
  private Scan scanBeside(String own, Checkpoint checkpoint) throws IOException {
    SpectrumCache first = new SpectrumCache(folder.resolve(own));
    List<SpectrumCache> others =
        List.of(
            new SpectrumCache(folder.resolve("nowhere")),
            new SpectrumCache(folder.resolve("cache")));
    try (SingularValues values = new CachedSingularValues(counting(), first, others, notes::add)) {
      return scan(checkpoint, values);
    }
  }

  private static Scan scan(Checkpoint checkpoint, SingularValues values) throws IOException {
    return Rescanner.scan(checkpoint, TYPES, values, (module, done, total) -> {});
  }

  private SingularValues counting() {
    return new SingularValues() {
      @Override
      public float[] of(TensorInfo tensor) throws IOException {
        computed.add(tensor.name());
        return new JavaSingularValues().of(tensor);
      }

      @Override
      public void expect(TensorInfo tensor) {
        begun.add(tensor.name());
      }
    };
  }

  /** A layer for each number, which its weights contain. */
  private Checkpoint model(String name, float... numbers) throws IOException {
    HandMadeCheckpoint made = new HandMadeCheckpoint();
    for (int layer = 0; layer < numbers.length; layer++) {
      float[] values = {numbers[layer], 1, 0, 2, 1, 3, 1, 1, 1, 5, 0, 2};
      made.tensor("model.layers." + layer + ".mlp.up_proj.weight", values, 4, 3);
    }
    return checkpoint(name, made);
  }

  private Checkpoint checkpoint(String name, HandMadeCheckpoint made) throws IOException {
    return made.writeTo(Files.createDirectories(folder.resolve(name)));
  }

  private List<Path> entries() throws IOException {
    return entries("cache");
  }

  private List<String> names(String cache) throws IOException {
    return entries(cache).stream().map(entry -> entry.getFileName().toString()).toList();
  }

  private List<Path> entries(String cache) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve(cache))) {
      return files.sorted().toList();
    }
  }
}
