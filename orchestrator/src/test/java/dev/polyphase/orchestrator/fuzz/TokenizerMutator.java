package dev.polyphase.orchestrator.fuzz;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Changes a {@code tokenizer.json}: its parts become others that exist, with patterns that
 * backtrack, negative lengths and texts without end.
 */
final class TokenizerMutator {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Parts of a tokenizer, by the key that they stand under. */
  private static final Map<String, List<String>> PARTS =
      Map.of(
          "normalizer",
          List.of(
              "{'type':'NFKC'}",
              "{'type':'Lowercase'}",
              "{'type':'Prepend','prepend':''}",
              "{'type':'Replace','pattern':{'Regex':'( *)* b'},'content':'x'}",
              "{'type':'Replace','pattern':{'Regex':''},'content':'x'}",
              "{'type':'Replace','pattern':{'String':''},'content':'xxxxxxxx'}",
              "{'type':'Replace','pattern':{'Regex':'(?<=a+)b('},'content':''}",
              "{'type':'Precompiled','precompiled_charsmap':'AAAA'}",
              "{'type':'Precompiled','precompiled_charsmap':'/////w=='}",
              "{'type':'Sequence','normalizers':[{'type':'Sequence','normalizers':[]},{}]}"),
          "pre_tokenizer",
          List.of(
              "{'type':'Split','pattern':{'Regex':'(\\\\s+)+$'},'behavior':'Isolated','invert':false}",
              "{'type':'Split','pattern':{'Regex':'(.|a)*c'},'behavior':'Removed','invert':true}",
              "{'type':'Split','pattern':{'String':''},'behavior':'Isolated','invert':false}",
              "{'type':'Split','pattern':{'Regex':'('},'behavior':'Isolated','invert':false}",
              "{'type':'Metaspace','replacement':'__','prepend_scheme':'always','split':true}",
              "{'type':'Digits','individual_digits':1}",
              "{'type':'Whitespace'}",
              "{'type':'Sequence','pretokenizers':[null]}"),
          "post_processor",
          List.of(
              "{'type':'TemplateProcessing','single':[],'pair':[],'special_tokens':{}}",
              "{'type':'TemplateProcessing','single':[{'SpecialToken':{'id':'x','type_id':0}}],"
                  + "'pair':[],'special_tokens':{}}",
              "{'type':'BertProcessing','sep':['x',-1],'cls':['x',99999]}"),
          "decoder",
          List.of("{'type':'Fuse'}", "{'type':'Strip','content':'xx','start':-1,'stop':1}", "{}"),
          "truncation",
          List.of(
              "{'direction':'Right','max_length':1,'strategy':'LongestFirst','stride':1}",
              "{'direction':'Left','max_length':0,'strategy':'OnlySecond','stride':9}"),
          "padding",
          List.of(
              "{'strategy':{'Fixed':2000000},'direction':'Right','pad_to_multiple_of':0,"
                  + "'pad_id':0,'pad_type_id':0,'pad_token':'x'}"),
          "model",
          List.of(
              "{'type':'WordLevel','vocab':{'a':0},'unk_token':'none'}",
              "{'type':'Unigram','unk_id':7,'vocab':[['a',0.5]],'byte_fallback':true}",
              "{'type':'WordPiece','vocab':{},'unk_token':'','continuing_subword_prefix':'',"
                  + "'max_input_chars_per_word':0}",
              "{'type':'BPE','vocab':{'a':0,'b':1},'merges':['a b']}",
              "{'type':'BPE','vocab':{'a':0,'b':0},'merges':[['a','b']],'dropout':2}",
              "{'type':'BPE','vocab':{'a':4294967295},'merges':[]}"));

  private TokenizerMutator() {}

  static Mutant mutate(String text, Random random) {
    if (random.nextBoolean()) {
      return JsonMutator.mutate(text, random);
    }
    List<String> keys = PARTS.keySet().stream().sorted().toList();
    String key = OddValues.one(keys, random);
    String part = OddValues.one(PARTS.getOrDefault(key, List.of()), random).replace('\'', '"');
    try {
      ObjectNode tokenizer = (ObjectNode) JSON.readTree(text);
      tokenizer.set(key, JSON.readTree(part));
      return random.nextInt(4) == 0
          ? JsonMutator.mutate(tokenizer, random)
          : Mutant.of(key + " = " + part, tokenizer.toString());
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
