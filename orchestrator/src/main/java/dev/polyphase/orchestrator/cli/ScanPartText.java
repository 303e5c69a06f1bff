package dev.polyphase.orchestrator.cli;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.rescanner.ScanPart;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The part of a scan as people write it: {@code 2/4} is the second of four. */
final class ScanPartText implements ITypeConverter<ScanPart> {
  private static final Pattern PART = Pattern.compile("([0-9]{1,9})/([0-9]{1,9})");

  @Override
  public ScanPart convert(String text) {
    Matcher part = PART.matcher(text);
    if (part.matches()) {
      try {
        return new ScanPart(Integer.parseInt(part.group(1)), Integer.parseInt(part.group(2)));
      } catch (InputException e) {
        throw new TypeConversionException(
            "'%s' is no part of a scan: %s".formatted(text, e.getMessage()));
      }
    }
    throw new TypeConversionException(
        "'%s' is no part of a scan; give K/N, as 2/4 for the second of four".formatted(text));
  }
}
