package dev.polyphase.orchestrator.libtorch;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * A package as pip fetches it, of which libraries are wanted and no Python.
 *
 * @param file the archive
 */
record Wheel(Path file) {
  private static final Pattern LIBRARY = Pattern.compile("(torch|nvidia/\\w+|cusparselt)/lib/.+");
  private static final Pattern TOLD =
      Pattern.compile(
          "torch/version\\.py|[^/]+\\.dist-info/(METADATA|.*LICEN[CS]E.*|NOTICE.*)",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern METADATA = Pattern.compile("[^/]+\\.dist-info/METADATA");
  private static final Pattern OF_CUDA =
      Pattern.compile("^Requires-Dist: (nvidia-[\\w-]+) ?\\(?==([\\w.]+)", Pattern.MULTILINE);

  /** The packages of CUDA's libraries that it needs, as {@code nvidia-nccl-cu12==2.26.2}. */
  List<String> requiredOfCuda() throws IOException {
    List<String> required = new ArrayList<>();
    try (ZipFile zip = open()) {
      for (ZipEntry entry : entries(zip)) {
        if (METADATA.matcher(entry.getName()).matches()) {
          try (InputStream in = zip.getInputStream(entry)) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            Matcher found = OF_CUDA.matcher(text);
            while (found.find()) {
              required.add(found.group(1) + "==" + found.group(2));
            }
          }
        }
      }
    }
    return required;
  }

  /** Unpacks its libraries, what it says of itself, and its licences. */
  void unpack(Path folder) throws IOException {
    try (ZipFile zip = open()) {
      for (ZipEntry entry : entries(zip)) {
        if (!entry.isDirectory() && wanted(entry.getName())) {
          Path to = folder.resolve(entry.getName()).normalize();
          if (!to.startsWith(folder)) {
            throw damaged("it holds a file outside of itself, " + entry.getName());
          }
          Files.createDirectories(to.getParent());
          try (InputStream in = zip.getInputStream(entry)) {
            Files.copy(in, to);
          }
        }
      }
    } catch (ZipException e) {
      throw damaged(String.valueOf(e.getMessage()));
    }
  }

  private static boolean wanted(String name) {
    return (LIBRARY.matcher(name).matches() && !name.endsWith(".py"))
        || TOLD.matcher(name).matches();
  }

  private ZipFile open() throws IOException {
    try {
      return new ZipFile(file.toFile());
    } catch (ZipException e) {
      throw damaged(String.valueOf(e.getMessage()));
    }
  }

  private FileSystemException damaged(String what) {
    return new FileSystemException(
        file.toString(), null, "this is no sound wheel (" + what + "); remove it and try again");
  }

  private static List<ZipEntry> entries(ZipFile zip) {
    List<ZipEntry> entries = new ArrayList<>();
    Enumeration<? extends ZipEntry> all = zip.entries();
    while (all.hasMoreElements()) {
      entries.add(all.nextElement());
    }
    return entries;
  }
}
