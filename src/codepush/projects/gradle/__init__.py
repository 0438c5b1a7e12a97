"""Android apps as their Gradle files describe them, Groovy and Kotlin alike, without running Gradle."""

from codepush.projects.gradle.project import GradleProject
from codepush.projects.gradle.version import find_gradle_script, gradle_version

__all__ = ["GradleProject", "find_gradle_script", "gradle_version"]
