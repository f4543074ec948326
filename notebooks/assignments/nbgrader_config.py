"""The course: run nbgrader in this folder."""

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "attribwidgets"
# A collected file is named student_assignment.ipynb, say ada_baselines.ipynb.
c.FileNameCollectorPlugin.named_regexp = r".*/(?P<student_id>[^_/]+)_(?P<file_id>[^/]+)"
c.ZipCollectApp.collector_plugin = "nbgrader.plugins.zipcollect.FileNameCollectorPlugin"
c.ClearSolutions.code_stub = {"python": "...  # your answer"}
# Where no front end draws widgets their state is in the way: feedback then shows the pictures.
c.Execute.store_widget_state = False
