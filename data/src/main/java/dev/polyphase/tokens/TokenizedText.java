package dev.polyphase.tokens;

/**
 * A text as tokens, and where each of them begins. The arrays are not copied.
 *
 * @param ids its tokens
 * @param starts for each the UTF-16 unit of the text that it begins at; -1 where it stands for
 *     nothing in the text. Several tokens begin at one character that is more than one of them
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every token.
public record TokenizedText(int[] ids, int[] starts) {}
