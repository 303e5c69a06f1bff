package dev.polyphase.orchestrator;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.polyphase.orchestrator.cli.Main;
import dev.polyphase.rescanner.LibtorchSingularValues;
import dev.polyphase.rescanner.WholeModelSingularValues;
import dev.polyphase.weights.PythonFloat;
import org.junit.jupiter.api.Test;

/** Who may import whom. */
class ArchitectureTest {
  private static final String OURS = "dev.polyphase..";
  private static final String DJL = "ai.djl..";
  private static final JavaClasses OURS_BUT_TESTS =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          // A module's tests come as a jar once they are packaged.
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("dev.polyphase");

  @Test
  void allModulesAreLookedAt() {
    assertThat(OURS_BUT_TESTS.stream().map(type -> type.getPackageName().split("\\.", -1)[2]))
        .contains(
            "pipelines",
            "weights",
            "rescanner",
            "data",
            "phases",
            "dpo",
            "trl",
            "reports",
            "orchestrator");
  }

  @Test
  void modulesDependDownwardsAlone() {
    ArchRule rule =
        layeredArchitecture()
            .consideringOnlyDependenciesInAnyPackage(OURS)
            .layer("pipelines")
            .definedBy("dev.polyphase.pipelines..")
            .layer("reports")
            .definedBy("dev.polyphase.reports..")
            .layer("rescanner")
            .definedBy(
                "dev.polyphase.weights..", "dev.polyphase.kernels..", "dev.polyphase.rescanner..")
            .layer("data")
            .definedBy(
                "dev.polyphase.jinja..",
                "dev.polyphase.tokens..",
                "dev.polyphase.chat..",
                "dev.polyphase.data..",
                "dev.polyphase.prepared..")
            .layer("phases")
            .definedBy("dev.polyphase.phases..")
            .layer("dpo")
            .definedBy("dev.polyphase.dpo..")
            .layer("trl")
            .definedBy("dev.polyphase.processes..", "dev.polyphase.trl..")
            .layer("orchestrator")
            .definedBy("dev.polyphase.orchestrator..")
            .whereLayer("orchestrator")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("trl")
            .mayOnlyBeAccessedByLayers("orchestrator")
            .whereLayer("dpo")
            .mayOnlyBeAccessedByLayers("orchestrator")
            .whereLayer("phases")
            .mayOnlyBeAccessedByLayers("dpo", "trl", "orchestrator")
            .whereLayer("data")
            .mayOnlyBeAccessedByLayers("phases", "dpo", "trl", "orchestrator")
            .whereLayer("rescanner")
            .mayOnlyBeAccessedByLayers("data", "phases", "dpo", "trl", "orchestrator")
            .whereLayer("reports")
            .mayOnlyBeAccessedByLayers("orchestrator");
    rule.check(OURS_BUT_TESTS);
  }

  @Test
  void pipelinesImportNothingOfOurs() {
    ArchRule rule =
        noClasses()
            .that()
            .resideInAPackage("dev.polyphase.pipelines..")
            .should()
            .dependOnClassesThat(areOursOutside("dev.polyphase.pipelines.."));
    rule.check(OURS_BUT_TESTS);
  }

  /** But for the one class that writes floats as Python does. */
  @Test
  void theTemplateEngineImportsNothingOfOurs() {
    ArchRule rule =
        noClasses()
            .that()
            .resideInAPackage("dev.polyphase.jinja..")
            .should()
            .dependOnClassesThat(
                areOursOutside("dev.polyphase.jinja..").and(not(belongToAnyOf(PythonFloat.class))));
    rule.check(OURS_BUT_TESTS);
  }

  @Test
  void reportsImportNothingOfOurs() {
    ArchRule rule =
        noClasses()
            .that()
            .resideInAPackage("dev.polyphase.reports..")
            .should()
            .dependOnClassesThat(areOursOutside("dev.polyphase.reports.."));
    rule.check(OURS_BUT_TESTS);
  }

  @Test
  void trainingKnowsNothingOfTheScanner() {
    ArchRule rule =
        noClasses()
            .that()
            .resideInAnyPackage("dev.polyphase.phases..", "dev.polyphase.dpo..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.polyphase.rescanner..");
    rule.check(OURS_BUT_TESTS);
  }

  @Test
  void onlyTrainingAndKernelsKnowDjl() {
    ArchRule rule =
        noClasses()
            .that()
            .resideInAnyPackage(
                "dev.polyphase.pipelines..",
                "dev.polyphase.reports..",
                "dev.polyphase.weights..",
                "dev.polyphase.rescanner..",
                "dev.polyphase.phases.api..",
                "dev.polyphase.processes..",
                "dev.polyphase.trl.launch..",
                "dev.polyphase.orchestrator..")
            .and()
            // The two classes in which a scan meets the kernels.
            .doNotBelongToAnyOf(LibtorchSingularValues.class, WholeModelSingularValues.class)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(DJL);
    rule.check(OURS_BUT_TESTS);
  }

  @Test
  void theEngineKnowsOfTrainingOnlyTheSeam() {
    ArchRule rule =
        noClasses()
            .that()
            .resideInAnyPackage(
                "dev.polyphase.orchestrator.engine..", "dev.polyphase.orchestrator.store..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "dev.polyphase.dpo..",
                "dev.polyphase.kernels..",
                "dev.polyphase.phases.families..",
                "dev.polyphase.phases.model..",
                "dev.polyphase.phases.preparation..",
                "dev.polyphase.phases.result..",
                "dev.polyphase.phases.training..",
                "dev.polyphase.phases.objective..",
                "dev.polyphase.phases.optimizer..",
                "dev.polyphase.trl..");
    rule.check(OURS_BUT_TESTS);
  }

  @Test
  void packagesHaveNoCycles() {
    ArchRule rule = slices().matching("dev.polyphase.(**)").should().beFreeOfCycles();
    rule.check(OURS_BUT_TESTS);
  }

  @Test
  void onlyMainEndsTheProcess() {
    ArchRule rule =
        noClasses()
            .that()
            .doNotBelongToAnyOf(Main.class)
            .should()
            .callMethod(System.class, "exit", int.class);
    rule.check(OURS_BUT_TESTS);
  }

  private static DescribedPredicate<JavaClass> areOursOutside(String folder) {
    return resideInAPackage(OURS).and(resideOutsideOfPackage(folder));
  }
}
