package dev.polyphase.orchestrator.index;

import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.util.Set;
import org.h2.api.ErrorCode;
import org.jspecify.annotations.Nullable;

/** What a database's failure means for whoever asked. */
public final class SqlFailure {
  private static final String UNIQUE = "23505";
  private static final String CONNECTION = "08";
  private static final String ROLLED_BACK = "40";

  /** PostgreSQL, when it is shut down or starts. */
  private static final String OPERATOR = "57P";

  /** Of H2, whose process may end while others use its database. */
  private static final Set<Integer> H2_CAN_PASS =
      Set.of(
          ErrorCode.CONNECTION_BROKEN_1,
          ErrorCode.DATABASE_CALLED_AT_SHUTDOWN,
          ErrorCode.DATABASE_IS_CLOSED,
          ErrorCode.DATABASE_ALREADY_OPEN_1,
          ErrorCode.OBJECT_CLOSED,
          ErrorCode.CONCURRENT_UPDATE_1,
          ErrorCode.LOCK_TIMEOUT_1);

  private static final Set<Integer> H2_DAMAGED =
      Set.of(
          ErrorCode.FILE_CORRUPTED_1,
          ErrorCode.FILE_VERSION_ERROR_1,
          ErrorCode.GENERAL_ERROR_1,
          ErrorCode.IO_EXCEPTION_1,
          ErrorCode.IO_EXCEPTION_2);

  private SqlFailure() {}

  /** Whether what failed was to add a row whose key another has already. */
  public static boolean isDuplicate(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException sql && UNIQUE.equals(sql.getSQLState())) {
        return true;
      }
    }
    return false;
  }

  /** Whether the same may succeed a moment later. */
  static boolean canPass(SQLException failure) {
    @Nullable String state = failure.getSQLState();
    return failure instanceof SQLTransientException
        || H2_CAN_PASS.contains(failure.getErrorCode())
        || (state != null
            && (state.startsWith(CONNECTION)
                || state.startsWith(ROLLED_BACK)
                || state.startsWith(OPERATOR)));
  }

  /** Whether H2 can't make sense of its file. */
  static boolean isDamage(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException sql && H2_DAMAGED.contains(sql.getErrorCode())) {
        return true;
      }
    }
    return false;
  }
}
