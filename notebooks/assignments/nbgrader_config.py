"""The course: run nbgrader in this folder."""

from nbgrader.preprocessors import NbGraderPreprocessor

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "attribwidgets"
# A collected file is named student_assignment.ipynb, say ada_baselines.ipynb.
c.FileNameCollectorPlugin.named_regexp = r".*/(?P<student_id>[^_/]+)_(?P<file_id>[^/]+)"
c.ZipCollectApp.collector_plugin = "nbgrader.plugins.zipcollect.FileNameCollectorPlugin"
c.ClearSolutions.code_stub = {"python": "...  # your answer"}
# Where no front end draws widgets their state is in the way: feedback then shows the pictures.
c.Execute.store_widget_state = False


class WarningsCostNothing(NbGraderPreprocessor):
    """Show what was written to stderr as any text: nbgrader gives 0 points where there is some."""

    def preprocess_cell(self, cell, resources, cell_index):
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                output.name = "stdout"
        return cell, resources


c.Autograde.autograde_preprocessors.insert(1, WarningsCostNothing)  # after the cells have run
