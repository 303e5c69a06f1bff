package dev.polyphase.orchestrator;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.polyphase.orchestrator.cli.Main;

/** Who may import whom. */
@AnalyzeClasses(packages = "dev.polyphase", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String OURS = "dev.polyphase..";
  private static final String DJL = "ai.djl..";

  @ArchTest
  static void allModulesAreLookedAt(JavaClasses classes) {
    assertThat(classes.stream().map(type -> type.getPackageName().split("\\.", -1)[2]))
        .contains("pipelines", "weights", "rescanner", "phases", "dpo", "reports", "orchestrator");
  }

  @ArchTest
  static final ArchRule modulesDependDownwardsAlone =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage(OURS)
          .layer("pipelines")
          .definedBy("dev.polyphase.pipelines..")
          .layer("reports")
          .definedBy("dev.polyphase.reports..")
          .layer("rescanner")
          .definedBy(
              "dev.polyphase.weights..", "dev.polyphase.kernels..", "dev.polyphase.rescanner..")
          .layer("phases")
          .definedBy("dev.polyphase.phases..")
          .layer("dpo")
          .definedBy("dev.polyphase.dpo..")
          .layer("orchestrator")
          .definedBy("dev.polyphase.orchestrator..")
          .whereLayer("orchestrator")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("dpo")
          .mayOnlyBeAccessedByLayers("orchestrator")
          .whereLayer("phases")
          .mayOnlyBeAccessedByLayers("dpo", "orchestrator")
          .whereLayer("rescanner")
          .mayOnlyBeAccessedByLayers("phases", "dpo", "orchestrator")
          .whereLayer("reports")
          .mayOnlyBeAccessedByLayers("orchestrator");

  @ArchTest
  static final ArchRule pipelinesImportNothingOfOurs =
      noClasses()
          .that()
          .resideInAPackage("dev.polyphase.pipelines..")
          .should()
          .dependOnClassesThat(areOursOutside("dev.polyphase.pipelines.."));

  @ArchTest
  static final ArchRule reportsImportNothingOfOurs =
      noClasses()
          .that()
          .resideInAPackage("dev.polyphase.reports..")
          .should()
          .dependOnClassesThat(areOursOutside("dev.polyphase.reports.."));

  @ArchTest
  static final ArchRule onlyTrainingAndKernelsKnowDjl =
      noClasses()
          .that()
          .resideInAnyPackage(
              "dev.polyphase.pipelines..",
              "dev.polyphase.reports..",
              "dev.polyphase.weights..",
              "dev.polyphase.rescanner..",
              "dev.polyphase.phases.api..",
              "dev.polyphase.orchestrator..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage(DJL);

  @ArchTest
  static final ArchRule theEngineKnowsOfTrainingOnlyTheSeam =
      noClasses()
          .that()
          .resideInAnyPackage(
              "dev.polyphase.orchestrator.engine..", "dev.polyphase.orchestrator.store..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.polyphase.dpo..",
              "dev.polyphase.kernels..",
              "dev.polyphase.phases.model..",
              "dev.polyphase.phases.training..",
              "dev.polyphase.phases.objective..",
              "dev.polyphase.phases.optimizer..");

  @ArchTest
  static final ArchRule packagesHaveNoCycles =
      slices().matching("dev.polyphase.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule onlyMainEndsTheProcess =
      noClasses()
          .that()
          .doNotBelongToAnyOf(Main.class)
          .should()
          .callMethod(System.class, "exit", int.class);

  private static DescribedPredicate<JavaClass> areOursOutside(String folder) {
    return resideInAPackage(OURS).and(resideOutsideOfPackage(folder));
  }
}
