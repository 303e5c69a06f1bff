package dev.polyphase.chat;

/**
 * A conversation as tokens. The arrays are not copied.
 *
 * @param ids its tokens
 * @param learned for each of them whether it carries loss
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every token.
public record TokenizedChat(int[] ids, boolean[] learned) {}
