package dev.polyphase.data;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.polyphase.weights.JsonFault;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a file that should hold rows turns out to be by its first bytes: of a table in another
 * format one sentence is said, not one for each line.
 *
 * @param name what it is
 * @param advice what to do about it, with FILE for the file
 */
record FileKind(String name, String advice) {
  /** As many bytes as {@link #of} looks at. */
  static final int HEAD_BYTES = 1 << 16;

  private static final String ROWS = " > ROWS.jsonl";
  private static final String PANDAS = ".to_json(\"ROWS.jsonl\", orient=\"records\", lines=True)";
  private static final String PACKED = " FILE | gzip > ROWS.jsonl.gz";
  private static final String JSONL = "rows are JSONL, one JSON object a line, gzipped or not; ";
  private static final String MAKE = "make them with ";
  private static final Pattern FILE = Pattern.compile("\"FILE\"|FILE");
  private static final int COLUMNS_SHOWN = 5;
  private static final int LINES_TRIED = 3;

  private static final JsonFactory JSON = new JsonFactory();

  /** A kind that can be made rows of. */
  private static FileKind convertible(String name, String how) {
    return new FileKind(name, JSONL + MAKE + how);
  }

  /** A kind that holds no rows. */
  private static FileKind noTable(String name) {
    return new FileKind(name, JSONL + "name a file of them");
  }

  /** Lists of a row; of other names, the rows themselves are in the list. */
  private static final Set<String> LISTS_OF_ROWS =
      Set.of("messages", "conversations", "prompt", "completion", "chosen", "rejected", "tools");

  private static final Pattern COLUMN =
      Pattern.compile("\"?[\\p{L}_][^\\s\"]*( [^\\s\"]+){0,2}\"?");
  private static final Pattern YAML =
      Pattern.compile("(---|%YAML|- \\S|[A-Za-z_][\\w-]*:(\\s|$)).*");

  /**
   * Bytes that only files of one kind have at their beginning, or a little behind it.
   *
   * @param bytes in ISO 8859-1
   */
  private record Signature(int offset, String bytes, FileKind kind) {
    static Signature of(String bytes, FileKind kind) {
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
              "PAR1",
              convertible(
                  "a Parquet file",
                  "Hugging Face datasets: Dataset.from_parquet(\"FILE\").to_json(\"ROWS.jsonl\")")),
          Signature.of(
              "ARROW1",
              convertible("an Arrow file", "pandas: pandas.read_feather(\"FILE\")" + PANDAS)),
          Signature.of(
              "FEA1",
              convertible("a Feather file", "pandas: pandas.read_feather(\"FILE\")" + PANDAS)),
          Signature.of(
              "\u00ff\u00ff\u00ff\u00ff",
              convertible(
                  "an Arrow stream",
                  "Hugging Face datasets: Dataset.from_file(\"FILE\").to_json(\"ROWS.jsonl\")")),
          Signature.of("\u001f\u008b", convertible("gzip once more", "gunzip")),
          Signature.of("(\u00b5/\u00fd", convertible("compressed by zstd", "zstd -dc" + PACKED)),
          Signature.of("BZh", convertible("compressed by bzip2", "bzip2 -dc" + PACKED)),
          Signature.of("\u00fd7zXZ\0", convertible("compressed by xz", "xz -dc" + PACKED)),
          Signature.of("\4\"M\30", convertible("compressed by lz4", "lz4 -dc" + PACKED)),
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
              new FileKind("a Git LFS pointer, not the data itself", "run git lfs pull")),
          new Signature(257, "ustar", convertible("a tar archive", "tar -xf FILE")));

  /**
   * What a file is that is no JSONL; empty where it may be, and where it is empty.
   *
   * @param head the first {@link #HEAD_BYTES} of it, or all of it where it is shorter
   */
  static Optional<FileKind> of(byte[] head) {
    String bytes = new String(head, ISO_8859_1);
    for (Signature signature : SIGNATURES) {
      if (signature.fits(bytes)) {
        return Optional.of(signature.kind());
      }
    }
    Optional<FileKind> binary = binary(bytes);
    return binary.isPresent() ? binary : text(head);
  }

  /**
   * What is said of a file of this kind.
   *
   * @param compressed whether gzip has compressed it
   */
  String sentence(Path file, boolean compressed) {
    String path = file.toString();
    String content = compressed ? path.replaceFirst("\\.gz$", "") : path;
    String help = compressed ? advice.replace(MAKE, "make them, after gunzip, with ") : advice;
    return "this %s %s; %s"
        .formatted(
            compressed ? "gzip file holds" : "is",
            name,
            FILE.matcher(help).replaceAll(named -> shown(named, content)));
  }

  /** A path as a text of Python or a word of a shell. */
  private static String shown(MatchResult named, String path) {
    boolean text = named.group().startsWith("\"");
    String quoted = path.matches("[\\w./-]+") ? path : "'" + path + "'";
    return Matcher.quoteReplacement(text ? "\"" + path + "\"" : quoted);
  }

  private static Optional<FileKind> binary(String bytes) {
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

  private static FileKind archive(String bytes) {
    if (bytes.contains("xl/") || bytes.contains("[Content_Types].xml")) {
      return convertible("an Excel file", "pandas: pandas.read_excel(\"FILE\")" + PANDAS);
    }
    return bytes.contains("data.pkl")
        ? noTable("a PyTorch file, which holds weights")
        : convertible("a zip archive", "unzip -p" + PACKED);
  }

  private static Optional<FileKind> text(byte[] head) {
    String text = new String(head, UTF_8).replaceFirst("^\uFEFF", "").stripLeading();
    boolean whole = head.length < HEAD_BYTES;
    if (text.isEmpty()) {
      return Optional.empty();
    }
    List<String> lines = text.lines().filter(line -> !line.isBlank()).limit(LINES_TRIED).toList();
    String first = lines.get(0);
    return switch (text.charAt(0)) {
      case '{' -> objects(text, first, whole);
      case '[' ->
          isJson(first) && lines.size() > 1
              ? Optional.empty()
              : Optional.of(convertible("a JSON list", "jq -c '.[]' FILE" + ROWS));
      case '<' ->
          Optional.of(
              text.toLowerCase(Locale.ROOT).startsWith("<?xml")
                  ? noTable("an XML file")
                  : new FileKind(
                      "an HTML page, as a failed download leaves it", "download it again"));
      default ->
          isJson(first) || lines.stream().anyMatch(line -> line.startsWith("{"))
              ? Optional.empty()
              : Optional.of(otherText(lines));
    };
  }

  /** Objects that go over several lines; where something is wrong with them, their lines say so. */
  private static Optional<FileKind> objects(String text, String first, boolean whole) {
    String how = "jq -c . FILE" + ROWS;
    boolean overLines = first.strip().equals("{");
    try (JsonParser json = JSON.createParser(text)) {
      json.nextToken();
      if (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        boolean listOfObjects =
            json.nextToken() == JsonToken.START_ARRAY && json.nextToken() == JsonToken.START_OBJECT;
        if (listOfObjects && !LISTS_OF_ROWS.contains(key)) {
          how = "jq -c '.\"%s\"[]' FILE%s".formatted(key, ROWS);
        }
      }
      while (!json.getParsingContext().inRoot() && json.nextToken() != null) {}
      overLines = json.currentLocation().getLineNr() > 1;
    } catch (JsonProcessingException e) {
      @Nullable JsonLocation place = e.getLocation(); // at too deep a nesting there is none
      boolean goesOn = place != null && place.getCharOffset() >= text.stripTrailing().length();
      overLines = goesOn && (overLines || (!whole && place.getLineNr() > 1));
    } catch (IOException e) {
      throw new AssertionError("a text in memory does not fail to be read", e);
    }
    return overLines
        ? Optional.of(convertible("JSON whose objects go over several lines", how))
        : Optional.empty();
  }

  private static FileKind otherText(List<String> lines) {
    for (String separator : List.of("\t", ",", ";", "|")) {
      List<String> columns = Arrays.asList(lines.get(0).split(Pattern.quote(separator), -1));
      boolean table =
          columns.size() > 1
              && columns.stream().allMatch(column -> COLUMN.matcher(column).matches())
              && lines.stream().allMatch(line -> line.contains(separator));
      if (table) {
        boolean tabs = separator.equals("\t");
        String names =
            columns.stream()
                .limit(COLUMNS_SHOWN)
                .map(String::strip)
                .collect(Collectors.joining(", "));
        return convertible(
            "a %s file with the columns %s%s"
                .formatted(
                    tabs ? "TSV" : "CSV", names, columns.size() > COLUMNS_SHOWN ? ", ..." : ""),
            "pandas: pandas.read_csv(\"FILE\"%s)%s"
                .formatted(
                    separator.equals(",") ? "" : ", sep=\"%s\"".formatted(tabs ? "\\t" : separator),
                    PANDAS));
      }
    }
    if (YAML.matcher(lines.get(0)).matches()) {
      return convertible("YAML", "yq -o=json -I=0 '.[]' FILE" + ROWS);
    }
    return convertible("plain text", "jq -cR '{text: .}' FILE" + ROWS + ", if each line is a text");
  }

  private static boolean isJson(String line) {
    return JsonFault.in(line, JSON).line() == 0;
  }
}
