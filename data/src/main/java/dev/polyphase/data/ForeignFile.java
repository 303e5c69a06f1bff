package dev.polyphase.data;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a file that should hold rows turns out to be by its first bytes, where it is of no type that
 * is read: one sentence is said of it, not one for each line.
 *
 * @param name what it is
 * @param advice what to do about it, with FILE for the file
 */
record ForeignFile(String name, String advice) {
  private static final String ROWS = " > ROWS.jsonl";
  private static final String PANDAS = ".to_json(\"ROWS.jsonl\", orient=\"records\", lines=True)";
  private static final String PACKED = " FILE | gzip > ROWS.jsonl.gz";
  private static final String READ =
      "rows are JSON, CSV, TSV, Parquet, Arrow or text, compressed or not; ";
  private static final String MAKE = "make them with ";
  private static final Pattern FILE = Pattern.compile("\"FILE\"|FILE");

  /** A kind that can be made rows of. */
  private static ForeignFile convertible(String name, String how) {
    return new ForeignFile(name, READ + MAKE + how);
  }

  /** What is compressed within what is compressed. */
  private static ForeignFile once(String word) {
    return new ForeignFile("another " + word + " file", "decompress it once");
  }

  /** A kind that holds no rows. */
  private static ForeignFile noTable(String name) {
    return new ForeignFile(name, READ + "name a file of them");
  }

  private static final Pattern YAML =
      Pattern.compile("(---|%YAML|- \\S|[A-Za-z_][\\w-]*:(\\s|$)).*");

  /**
   * Bytes that only files of one kind have at their beginning, or a little behind it.
   *
   * @param bytes in ISO 8859-1
   */
  private record Signature(int offset, String bytes, ForeignFile kind) {
    static Signature of(String bytes, ForeignFile kind) {
      return new Signature(0, bytes, kind);
    }

    boolean fits(String head) {
      return head.startsWith(bytes, offset);
    }
  }

  /** The first that fits is meant. */
  private static final List<Signature> SIGNATURES =
      List.of(
          new Signature(4, "\0\0\0\0{\"", noTable("a safetensors file, which holds weights")),
          Signature.of(
              "FEA1",
              convertible("a Feather file", "pandas: pandas.read_feather(\"FILE\")" + PANDAS)),
          Signature.of("\u001f\u008b", once("gzip")),
          Signature.of("(\u00b5/\u00fd", once("zstd")),
          Signature.of("BZh", once("bzip2")),
          Signature.of("\u00fd7zXZ\0", once("xz")),
          Signature.of("\4\"M\30", once("lz4")),
          Signature.of("7z\u00bc\u00af", convertible("a 7z archive", "7z x FILE")),
          Signature.of(
              "SQLite format 3\0",
              convertible(
                  "an SQLite database",
                  "sqlite3 -json FILE 'select * from TABLE' | jq -c '.[]'" + ROWS)),
          Signature.of("Obj\1", convertible("an Avro file", "avro-tools tojson FILE" + ROWS)),
          Signature.of(
              "ORC", convertible("an ORC file", "pandas: pandas.read_orc(\"FILE\")" + PANDAS)),
          Signature.of("\u0089HDF", convertible("an HDF5 file", "Python's h5py and json")),
          Signature.of("\u0093NUMPY", convertible("a NumPy array", "Python's numpy and json")),
          Signature.of("GGUF", noTable("a GGUF file, which holds weights")),
          Signature.of("%PDF", noTable("a PDF file")),
          Signature.of("\u0089PNG", noTable("a picture")),
          Signature.of("\u00ff\u00d8\u00ff", noTable("a picture")),
          Signature.of(
              "\u00ff\u00fe\0\0", convertible("text in UTF-32", "iconv -f UTF-32 FILE" + ROWS)),
          Signature.of(
              "\0\0\u00fe\u00ff", convertible("text in UTF-32", "iconv -f UTF-32 FILE" + ROWS)),
          Signature.of(
              "\u00ff\u00fe", convertible("text in UTF-16", "iconv -f UTF-16 FILE" + ROWS)),
          Signature.of(
              "\u00fe\u00ff", convertible("text in UTF-16", "iconv -f UTF-16 FILE" + ROWS)),
          Signature.of("{\0", convertible("text in UTF-16", "iconv -f UTF-16LE FILE" + ROWS)),
          Signature.of("\0{", convertible("text in UTF-16", "iconv -f UTF-16BE FILE" + ROWS)),
          Signature.of(
              "version https://git-lfs",
              new ForeignFile("a Git LFS pointer, not the data itself", "run git lfs pull")),
          new Signature(257, "ustar", convertible("a tar archive", "tar -xf FILE")));

  /**
   * What bytes that are no text are, or text in another encoding; empty for other text.
   *
   * @param head what the file begins with, in ISO 8859-1
   */
  static Optional<ForeignFile> ofBytes(String head) {
    for (Signature signature : SIGNATURES) {
      if (signature.fits(head)) {
        return Optional.of(signature.kind());
      }
    }
    return binary(head);
  }

  /** What a text is whose lines are no rows. */
  static ForeignFile ofText(String text) {
    if (text.startsWith("<")) {
      return text.toLowerCase(Locale.ROOT).startsWith("<?xml")
          ? noTable("an XML file")
          : new ForeignFile("an HTML page, as a failed download leaves it", "download it again");
    }
    return YAML.matcher(text.lines().findFirst().orElse("")).matches()
        ? convertible("YAML", "yq -o=json -I=0 '.[]' FILE" + ROWS)
        : new ForeignFile("plain text", READ + "let its name end with .txt if each line is a row");
  }

  /** That a file is of this kind. */
  InputException refused(RowBytes bytes) {
    String path = bytes.file().toString();
    Optional<Compression> packed = bytes.compression();
    String content = packed.isPresent() ? Compression.without(path) : path;
    String help =
        packed
            .map(by -> advice.replace(MAKE, "make them, after %s, with ".formatted(by.tool())))
            .orElse(advice);
    return new InputException(
        Place.in(bytes.name()),
        "this %s %s; %s"
            .formatted(
                packed.map(by -> by.word() + " file holds").orElse("is"),
                name,
                FILE.matcher(help).replaceAll(named -> shown(named, content))));
  }

  /** A path as a text of Python or a word of a shell. */
  private static String shown(MatchResult named, String path) {
    boolean text = named.group().startsWith("\"");
    String quoted = path.matches("[\\w./-]+") ? path : "'" + path + "'";
    return Matcher.quoteReplacement(text ? "\"" + path + "\"" : quoted);
  }

  private static Optional<ForeignFile> binary(String bytes) {
    if (bytes.startsWith("PK\3\4")) {
      return Optional.of(archive(bytes));
    }
    if (bytes.length() > 2 && bytes.charAt(0) == 0x80 && bytes.charAt(1) <= 5) {
      return Optional.of(convertible("a Python pickle", "Python's pickle and json"));
    }
    int firstLine = bytes.indexOf('\n');
    int zero = bytes.indexOf('\0');
    return zero >= 0 && (firstLine < 0 || zero < firstLine)
        ? Optional.of(noTable("a binary file, not text"))
        : Optional.empty();
  }

  private static ForeignFile archive(String bytes) {
    if (bytes.contains("xl/") || bytes.contains("[Content_Types].xml")) {
      return convertible("an Excel file", "pandas: pandas.read_excel(\"FILE\")" + PANDAS);
    }
    return bytes.contains("data.pkl")
        ? noTable("a PyTorch file, which holds weights")
        : convertible("a zip archive", "unzip -p" + PACKED);
  }
}
